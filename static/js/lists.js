// j and k walk the links marked data-list-item inside a data-list; Enter follows one as always.
// In a split view the walk continues from the item that is open. A loaded detail gets the current mark.

const isWriting = (element) =>
  element instanceof HTMLElement &&
  (element.isContentEditable || element.matches("input:not([type=checkbox], [type=button], [type=submit]), textarea, select"));

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || (event.key !== "j" && event.key !== "k")) return;
  if (document.documentElement.dataset.keys === "off" || isWriting(event.target) || document.querySelector("dialog[open]")) return;
  const items = [...document.querySelectorAll("[data-list] [data-list-item]")].filter((item) => item.getClientRects().length);
  if (!items.length) return;
  const here = items.indexOf(document.activeElement);
  const current = here >= 0 ? here : items.findIndex((item) => item.hasAttribute("aria-current"));
  const next = event.key === "j" ? Math.min(current + 1, items.length - 1) : Math.max(current - 1, 0);
  event.preventDefault();
  items[next].focus();
  items[next].scrollIntoView({ block: "nearest" });
  if (items[next].hasAttribute("data-detail") && items[next] !== document.querySelector("[data-list-item][aria-current]")) items[next].click();
});

document.addEventListener("htmx:beforeRequest", (event) => {
  const item = event.detail.elt;
  if (!item.matches?.("[data-list-item][data-detail]")) return;
  if (window.matchMedia("(width < 56rem)").matches) {
    event.preventDefault();
    window.location.assign(item.href);
    return;
  }
  for (const other of item.closest("[data-list]").querySelectorAll("[aria-current]")) other.removeAttribute("aria-current");
  item.setAttribute("aria-current", "true");
});
