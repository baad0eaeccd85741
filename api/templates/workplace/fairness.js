"use strict";
// The pages of fairness work without this file; it saves steps for those who have it.
(() => {
  document.addEventListener("input", (event) => {
    const slider = event.target.closest("[data-sets]");
    if (!slider) return;
    document.getElementById(slider.dataset.sets).value = slider.value;
  });
  // A number that is typed moves the slider, too.
  document.addEventListener("change", (event) => {
    const slider = document.querySelector(`[data-sets="${event.target.id}"]`);
    if (slider) slider.value = event.target.value;
    // Another score has other ends, so that the whole page is asked for.
    if (event.target.matches("[data-whole]")) {
      document.getElementById("cut").value = "";
      event.target.form.submit();
    }
  });
})();
