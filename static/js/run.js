// A run that goes on is followed: every few seconds, while it is seen, the page asks what is new. New lines are
// appended without moving what is read, the focus stays where it is, and asking stops when the run has ended.

const ASK_MILLISECONDS = 5000;
const live = () => document.querySelector("[data-run-live]");

function ask() {
  if (!document.hidden) live()?.dispatchEvent(new CustomEvent("ask"));
}
if (live()) {
  window.setInterval(ask, ASK_MILLISECONDS);
  document.addEventListener("visibilitychange", ask);
}
function hideTwins() {
  for (const link of document.querySelectorAll("[data-no-script]")) link.hidden = true;
}
hideTwins();

document.addEventListener("htmx:configRequest", (event) => {
  if (event.target !== live()) return;
  // Where the end is not loaded yet, lines of the end cannot be appended.
  if (document.querySelector("#timeline .timeline-more")) event.detail.parameters.partial = "1";
});

// What a person reads stays where it is: the first line in view keeps its place on the screen.
let place = null;
document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.target.id !== "run-live") return;
  const line = [...document.querySelectorAll(".timeline-line, .facts-row")].find((each) => each.getBoundingClientRect().bottom > 0);
  const focused = document.activeElement;
  place = {
    line: line?.id, top: line?.getBoundingClientRect().top, height: window.scrollY,
    href: focused?.closest?.("#timeline") ? focused.getAttribute("href") : null,
  };
});
document.addEventListener("htmx:afterSettle", (event) => {
  if (!place || event.target.id !== "run-live") return;
  const line = place.line && document.getElementById(place.line);
  if (line && place.height > 0) window.scrollBy({ top: line.getBoundingClientRect().top - place.top, behavior: "instant" });
  if (place.href && document.activeElement === document.body) {
    document.querySelector(`#timeline a[href="${CSS.escape(place.href)}"]`)?.focus({ preventScroll: true });
  }
  place = null;
  hideTwins();
});

for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}
