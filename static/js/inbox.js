// The inbox stays live without moving what a person reads: it asks every few seconds while it is seen, and
// what is new waits behind a pill. x picks the line for a batch, o opens it, Esc lets go of what is picked.

const ASK_MILLISECONDS = 5000;
const pill = () => document.querySelector("[data-inbox-live]");
const picks = () => [...document.querySelectorAll("[data-pick]")];
const picked = () => picks().filter((box) => box.checked);
const isWriting = (element) =>
  element instanceof HTMLElement &&
  (element.isContentEditable || element.matches("input:not([type=checkbox], [type=radio], [type=button], [type=submit]), textarea, select"));

function ask() {
  if (!document.hidden) pill()?.dispatchEvent(new CustomEvent("ask"));
}

window.setInterval(ask, ASK_MILLISECONDS);
document.addEventListener("visibilitychange", ask);

// Nobody is in the middle of anything: then the list may renew itself.
function isIdle() {
  const list = document.getElementById("inbox-body");
  const isBusy =
    document.getElementById("open-card") || document.querySelector("dialog[open]") || picked().length ||
    isWriting(document.activeElement) || list?.contains(document.activeElement) || list?.matches(":hover");
  return !isBusy && window.scrollY < 100;
}

function showPicked() {
  const count = picked().length;
  for (const words of document.querySelectorAll("[data-picked]")) words.textContent = `${count} selected`;
}

document.addEventListener("change", (event) => {
  if (event.target.matches?.("[data-pick]")) showPicked();
});

// A line that is drawn anew stays picked while it is about the same bytes.
let kept = new Set();
document.addEventListener("htmx:beforeRequest", (event) => {
  if (event.target.closest?.("[data-inbox-live]")) kept = new Set(picked().map((box) => box.value));
});
document.addEventListener("htmx:afterSettle", () => {
  for (const box of picks()) if (kept.has(box.value)) box.checked = true;
  kept = new Set();
  showPicked();
});

document.addEventListener("htmx:afterSwap", (event) => {
  if (event.target.id === "inbox-live" || event.detail.elt?.id === "inbox-live") {
    const link = pill()?.querySelector("[data-new]");
    if (link && isIdle()) link.click();
  }
});
// What became of the card is said inside a dialog too: behind it nobody would see it.
document.addEventListener("htmx:oobAfterSwap", (event) => {
  if (event.detail.target?.id !== "card-live") return;
  for (const dialog of document.querySelectorAll("dialog[open]")) {
    dialog.querySelector("[data-told]")?.remove();
    const told = document.createElement("div");
    told.dataset.told = "";
    told.setAttribute("role", "status");
    told.append(...[...event.detail.target.childNodes].map((node) => node.cloneNode(true)));
    dialog.querySelector("form:not([method=dialog])")?.before(told);
  }
});

function here() {
  const row = document.activeElement?.closest?.(".inbox-row, tr");
  return row ?? document.querySelector(".inbox-row:has([aria-current])");
}

document.addEventListener("keydown", (event) => {
  if (event.repeat || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  if (document.querySelector("dialog[open]")) return;
  if (event.key === "Escape") {
    for (const box of picked()) box.checked = false;
    showPicked();
    if (document.activeElement?.closest("#detail")) document.querySelector(".list-item[aria-current]")?.focus();
    return;
  }
  if (document.documentElement.dataset.keys === "off" || isWriting(event.target)) return;
  const box = here()?.querySelector("[data-pick]");
  if (event.key === "x" && box) {
    event.preventDefault();
    box.checked = !box.checked;
    showPicked();
  } else if (event.key === "o" && document.activeElement?.matches("[data-list-item]")) {
    event.preventDefault();
    document.activeElement.click();
  }
});

showPicked();
