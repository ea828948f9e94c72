// Short messages in a polite live region. The server asks for one with the header
// HX-Trigger: {"toast": {"text": "Paused refund management."}}; a request that failed says so in words.

const SECONDS_SHOWN = 8;
const TOASTS_MAX = 3;

function show(text) {
  const region = document.getElementById("toasts");
  const template = document.getElementById("toast-template");
  if (!region || !template || !text) return;
  while (region.children.length >= TOASTS_MAX) region.firstElementChild.remove();
  const toast = template.content.firstElementChild.cloneNode(true);
  toast.querySelector(".toast-words").textContent = text;
  toast.querySelector(".toast-close").addEventListener("click", () => toast.remove());
  region.append(toast);
  const leave = () => (toast.matches(":hover, :focus-within") ? window.setTimeout(leave, 2000) : toast.remove());
  window.setTimeout(leave, SECONDS_SHOWN * 1000);
}

const REASONS = {
  401: "You were signed out. Sign in again, then repeat this.",
  403: "You may not do this here. Open the page again to see who can.",
  404: "This is gone, or you may not see it.",
  429: "Too many requests at once. Wait a minute, then repeat this.",
};

document.addEventListener("toast", (event) => show(event.detail?.text ?? event.detail?.value));
document.addEventListener("htmx:responseError", (event) => {
  const status = event.detail.xhr.status;
  if (event.target.closest?.("[data-live], .nav-count")) return;
  show(REASONS[status] ?? "Nothing was changed: the server could not answer. Try again in a moment.");
});
document.addEventListener("htmx:sendError", (event) => {
  if (event.target.closest?.("[data-live], .nav-count")) return;
  show("Nothing was sent: the server cannot be reached. Check the connection, then try again.");
});
