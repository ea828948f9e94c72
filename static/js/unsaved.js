// A form with data-unsaved asks before the page is left with changes that were not sent.

const changed = new Set();

document.addEventListener("input", (event) => {
  const form = event.target.closest?.("form[data-unsaved]");
  if (form) changed.add(form);
});
document.addEventListener("submit", (event) => changed.delete(event.target));
document.addEventListener("htmx:afterRequest", (event) => {
  if (event.detail.successful) changed.delete(event.detail.elt);
});
window.addEventListener("beforeunload", (event) => {
  const isDirty = [...changed].some((form) => form.isConnected);
  if (isDirty) event.preventDefault();
});
