// The runs list: x picks the line for comparing, the button says how many are picked, Esc lets go of them.
// Without script the boxes and the button do the same by themselves.

const boxes = () => [...document.querySelectorAll("[data-run-pick]")];
const picked = () => boxes().filter((box) => box.checked);
const isWriting = (element) =>
  element instanceof HTMLElement &&
  (element.isContentEditable || element.matches("input:not([type=checkbox], [type=radio], [type=button], [type=submit]), textarea, select"));

function show() {
  const count = picked().length;
  for (const words of document.querySelectorAll("[data-compare-words]")) {
    words.textContent = count === 0 ? "Compare two" : count === 1 ? "Compare: pick one more" : count === 2 ? "Compare these two" : "Compare: pick only two";
  }
  for (const button of document.querySelectorAll("[data-compare]")) button.classList.toggle("button-primary", count === 2);
}

document.addEventListener("change", (event) => {
  if (event.target.matches?.("[data-run-pick]")) show();
});
document.addEventListener("htmx:afterSettle", show);

document.addEventListener("keydown", (event) => {
  if (event.repeat || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || document.querySelector("dialog[open]")) return;
  if (event.key === "Escape" && picked().length) {
    for (const box of picked()) box.checked = false;
    show();
    return;
  }
  if (event.key !== "x" || document.documentElement.dataset.keys === "off" || isWriting(event.target)) return;
  const box = document.activeElement?.closest?.("tr")?.querySelector("[data-run-pick]");
  if (!box) return;
  event.preventDefault();
  box.checked = !box.checked;
  show();
});

show();
