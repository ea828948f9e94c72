// Copying a piece of text by one button, and walking along tabs with the arrow keys.
// Without script the buttons stay hidden: the text can be marked and copied as any other.

function reveal(root) {
  for (const part of root.querySelectorAll("[data-copies], [data-with-script]")) part.hidden = false;
}

async function copy(button) {
  const source = document.getElementById(button.dataset.copies);
  const text = (source?.content ?? source)?.textContent;
  if (!text) return;
  try {
    await navigator.clipboard.writeText(text);
    document.dispatchEvent(new CustomEvent("toast", { detail: { text: "Copied." } }));
  } catch {
    document.dispatchEvent(new CustomEvent("toast", { detail: { text: "The browser did not let it be copied. Mark the text and copy it." } }));
  }
}

document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-copies]");
  if (button) copy(button);
});
document.addEventListener("keydown", (event) => {
  const tabs = event.target.closest?.("[data-tabs]");
  const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (!tabs || !step) return;
  const links = [...tabs.querySelectorAll("a")];
  const next = links[(links.indexOf(event.target) + step + links.length) % links.length];
  event.preventDefault();
  next.focus();
  next.click();
});
// htmx gives the focus back to the element of the same id in what it swapped in.
document.addEventListener("htmx:afterSettle", () => reveal(document));
reveal(document);
