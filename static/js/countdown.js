// Counts a short time down, in seconds, and takes the offer away when it is over. Without script the text names the time.
// <div data-until="2026-11-21T10:00:10Z"> … <span data-until-words hidden>: <span data-until-seconds></span> s left</span></div>

const SECOND = 1000;

function tick() {
  for (const offer of document.querySelectorAll("[data-until]")) {
    const left = Math.ceil((Date.parse(offer.dataset.until) - Date.now()) / SECOND);
    if (left <= 0) {
      const hadFocus = offer.contains(document.activeElement);
      const around = offer.closest("[tabindex], main");
      offer.remove();
      if (hadFocus) around?.focus();
      continue;
    }
    const words = offer.querySelector("[data-until-words]");
    const seconds = offer.querySelector("[data-until-seconds]");
    if (words) words.hidden = false;
    if (seconds && seconds.textContent !== String(left)) seconds.textContent = String(left);
  }
}

tick();
window.setInterval(tick, SECOND / 4);
document.addEventListener("htmx:afterSwap", tick);
