/** The page of a server without its database: asks again, and shows what was asked for once it is back. */

const said = document.getElementById("retry");

/** Whether the server can show this address again.  A redirect (to the login) counts; no answer does not. */
const isBack = async () => {
  try {
    const answer = await fetch(location.href, { method: "HEAD", redirect: "manual", cache: "no-store" });
    return answer.type === "opaqueredirect" || answer.status < 500;
  } catch {
    return false; // the web itself is away, too
  }
};

const tryAgain = async () => {
  if (await isBack()) {
    location.reload();
    return;
  }
  said.textContent = said.dataset.again;
  setTimeout(tryAgain, Number(said.dataset.retryMs));
};

setTimeout(tryAgain, Number(said.dataset.retryMs));
