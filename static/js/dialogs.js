// A link or button with data-dialog="some-id" opens that dialog if the page holds it; otherwise the link is followed.
// data-close closes the dialog it stands in. Focus returns to what opened it, as the browser does by itself.

document.addEventListener("click", (event) => {
  if (event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
  const opener = event.target.closest("[data-dialog]");
  if (opener) {
    const dialog = document.getElementById(opener.dataset.dialog);
    if (!(dialog instanceof HTMLDialogElement)) return;
    event.preventDefault();
    dialog.showModal();
    focusFirstField(dialog);
    return;
  }
  if (event.target.closest("[data-close]")) event.target.closest("dialog")?.close();
  else if (event.target instanceof HTMLDialogElement) event.target.close();
});

// Whoever opens a form by a key goes on typing: the words belong into its first field. On the
// button that closes it, a blank would close it and the next letters would be shortcuts.
function focusFirstField(dialog) {
  if (dialog.querySelector("[autofocus]")) return;
  dialog.querySelector(".dialog-body :is(input:not([type=hidden]), textarea, select):not(:disabled)")?.focus();
}

function focusWhatChanged(root) {
  root.querySelector("[data-focus-me]")?.focus();
}

focusWhatChanged(document);
document.addEventListener("htmx:afterSwap", (event) => focusWhatChanged(event.target.parentElement ?? document));
