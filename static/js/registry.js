// The registry's pages: print the one page. Without script, printing is the browser's.

document.addEventListener("click", (event) => {
  if (!event.target.closest?.("[data-print]")) return;
  event.preventDefault();
  window.print();
});
