// A part of a page was asked for and a whole page came back: the person was signed out, or the address moved.
// Go there instead of putting a page inside a page; what only refreshes itself stays quiet.

const WHOLE_PAGE = /^\s*<!doctype html/i;

document.addEventListener("htmx:beforeSwap", (event) => {
  const { xhr, requestConfig } = event.detail;
  if (!WHOLE_PAGE.test(xhr.responseText)) return;
  event.detail.shouldSwap = false;
  if (event.target.closest("[data-live], .nav-count")) return;
  const came = new URL(xhr.responseURL, window.location.href);
  const asked = new URL(requestConfig.path, window.location.href);
  const isSafe = requestConfig.verb === "get" || came.pathname !== asked.pathname;
  if (isSafe) window.location.assign(came.pathname === asked.pathname ? asked : came);
  else window.location.reload();
});
