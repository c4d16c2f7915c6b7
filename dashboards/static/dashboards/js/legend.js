// The legend: every mark and key, in a dialog that any "?" opens.

/** @param {HTMLDialogElement} dialog */
export function legend(dialog) {
  dialog.addEventListener("click", ({ target }) => {
    const isClose = target instanceof Element && target.closest('[data-does="close"]');
    if (isClose || target === dialog) dialog.close(); // the dialog itself is clicked only beside its content
  });
  return {
    show() {
      if (!dialog.open) dialog.showModal();
    },
  };
}
