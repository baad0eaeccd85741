"use strict";
// A file that is dropped anywhere on the page goes into the form that takes files of its kind.
(() => {
  const forms = [...document.querySelectorAll("form[data-drop]")];
  if (!forms.length) return;
  const kind = (file) => file.name.split(".").pop().toLowerCase();
  const fitting = (file) =>
    forms.find((form) => form.dataset.drop.split(" ").includes(kind(file)));
  const files = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
  const mark = (on) => document.body.classList.toggle("dropping", on);

  document.addEventListener("dragover", (event) => {
    if (!files(event)) return;
    event.preventDefault();
    mark(true);
  });
  document.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) mark(false);
  });
  document.addEventListener("drop", (event) => {
    if (!files(event)) return;
    event.preventDefault();
    mark(false);
    const [file] = event.dataTransfer.files;
    const form = file && (event.target.closest("form[data-drop]") ?? fitting(file));
    const said = document.getElementById("dropped");
    if (!form) {
      if (said) said.textContent = `Nothing on this page takes ${file ? file.name : "this"}.`;
      return;
    }
    const input = form.querySelector("input[type=file]");
    const held = new DataTransfer();
    held.items.add(file);
    input.files = held.files;
    form.scrollIntoView({ block: "nearest" });
    form.querySelector("button.main").focus();
    if (said) said.textContent = `${file.name} is chosen; send it when the rest is filled in.`;
    // Nothing else has to be filled in for a table.
    if (!form.querySelector("select")) form.requestSubmit();
  });
})();
