// Keyboard shortcuts. Any link or button with data-key="g i" (or "a") is pressed by those keys.
// Never inside a field (a choice with data-keys-through is none), never with a modifier, and not at all when the person switched single keys off.
// "/" goes to the search box; Ctrl-K is the palette's (palette.js).

const SEQUENCE_MILLISECONDS = 1200;
// A dialog that closes by a blank on its button lets keys rest until nobody types: whoever types
// on into it decides nothing. Escape is meant, and rests nothing.
const REST_MILLISECONDS = 600;
const REACHED = "reached-by-key";
let begun = "";
let timer = 0;
let restsUntil = 0;

const isWriting = (element) =>
  element instanceof HTMLElement && !element.matches("[data-keys-through]") &&
  (element.isContentEditable || element.matches("input:not([type=checkbox], [type=radio], [type=button], [type=submit]), textarea, select"));

const isOpen = (element) => element.getClientRects().length > 0 && !element.matches(":disabled");

function scope() {
  const dialogs = document.querySelectorAll("dialog[open]");
  return dialogs.length ? dialogs[dialogs.length - 1] : document;
}

function search() {
  // A page that is a list has a search of its own: that one first.
  const box = document.querySelector("[data-search-here]") ?? document.querySelector("[data-search]");
  if (!box) return false;
  box.focus();
  box.select();
  return true;
}

let isEscaped = false;
document.addEventListener("cancel", () => { isEscaped = true; }, true);
document.addEventListener("close", (event) => {
  if (event.target instanceof HTMLDialogElement && !isEscaped) rest(event);
  isEscaped = false;
}, true);
// A browser may hand over the next key before it says that the dialog closed.
document.addEventListener("click", (event) => {
  if (event.target.closest?.("dialog [data-close], dialog form[method=dialog] button")) rest(event);
}, true);

// By the time of the key and not of its handling: a busy page hands keys over late.
const rest = (event) => { restsUntil = Math.max(restsUntil, event.timeStamp + REST_MILLISECONDS); };

document.addEventListener("keydown", (event) => {
  if (event.timeStamp < restsUntil && event.key !== "Escape") {
    rest(event);
    return;
  }
  // A key that is held down presses once: nobody approves a list by leaning on it.
  if (event.repeat || event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.defaultPrevented) return;
  if (document.documentElement.dataset.keys === "off" || isWriting(event.target) || event.key.length !== 1) return;
  if (event.target.closest?.("[data-own-keys]")) return;
  // A page may want a key for something that no button stands for; it says so by taking the event.
  if (!document.dispatchEvent(new CustomEvent("keys:press", { cancelable: true, detail: event }))) {
    event.preventDefault();
    return;
  }

  window.clearTimeout(timer);
  if (event.key === "/" && scope() === document && search()) {
    event.preventDefault();
    return;
  }
  const keyed = [...scope().querySelectorAll("[data-key]")].filter(isOpen);
  const pressed = begun ? `${begun} ${event.key}` : event.key;
  const target = keyed.find((element) => element.dataset.key === pressed);
  if (target) {
    begun = "";
    event.preventDefault();
    target.focus();
    if (target instanceof HTMLAnchorElement) sessionStorage.setItem(REACHED, target.href);
    target.click();
    return;
  }
  begun = keyed.some((element) => element.dataset.key.startsWith(`${pressed} `)) ? pressed : "";
  if (begun) timer = window.setTimeout(() => { begun = ""; }, SEQUENCE_MILLISECONDS);
});

// Who opened a form's page by its key goes on typing in its first field.
const reached = sessionStorage.getItem(REACHED);
sessionStorage.removeItem(REACHED);
if (reached === location.href) {
  document.querySelector(".page-reading form :is(input:not([type=hidden], [type=search]), textarea, select):not(:disabled)")?.focus();
}
