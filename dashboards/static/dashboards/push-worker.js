// Shows what is pushed to this browser while no page is open, and opens the alert when it is touched.
// It fetches and keeps nothing: our pages are live or say that they are not.

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("push", (event) => {
  let message = {};
  try {
    message = event.data?.json() ?? {};
  } catch {
    // the browser demands that something is shown for every push
  }
  const { type, id, priority, title, body, url } = message;
  const isAlert = type === "alert";
  event.waitUntil(
    self.registration.showNotification(title || "Myofleet", {
      body: body ?? "",
      tag: isAlert ? `alert-${id}` : type ?? "myofleet", // told again, it takes its own place
      renotify: true,
      requireInteraction: isAlert && priority === "high",
      data: { url: ours(url) },
    }),
  );
});

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(open(event.notification.data?.url ?? "/alerts/"));
});

/** Only our own pages are opened. */
function ours(url) {
  try {
    const there = new URL(url ?? "/alerts/", self.location.origin);
    return there.origin === self.location.origin ? there.href : "/alerts/";
  } catch {
    return "/alerts/";
  }
}

async function open(url) {
  const windows = await self.clients.matchAll({ type: "window" });
  const there = windows.find((one) => one.url === url);
  return there ? there.focus() : self.clients.openWindow(url);
}
