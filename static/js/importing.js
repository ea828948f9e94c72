// Says at once that a file is too large, before a byte of it is sent, and that an upload is under way.

const form = document.querySelector("form[data-bytes-max]");

function isTooLarge(file) {
  return file && file.size > Number(form.dataset.bytesMax);
}

form?.addEventListener("change", () => {
  const file = form.elements.file.files[0];
  const told = form.querySelector("[data-too-large]");
  told.hidden = !isTooLarge(file);
  if (told.hidden) return;
  const size = Math.round(file.size / 1048576);
  const most = Math.round(Number(form.dataset.bytesMax) / 1048576);
  told.querySelector("span").textContent =
    `The file has ${size} MiB; at most ${most} are read. Leave columns out, or split it.`;
});

form?.addEventListener("submit", (event) => {
  if (isTooLarge(form.elements.file.files[0])) {
    event.preventDefault();
    form.elements.file.focus();
    return;
  }
  form.querySelector("button").setAttribute("aria-busy", "true");
});
