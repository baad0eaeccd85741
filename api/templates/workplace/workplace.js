"use strict";
// Everything on the pages works without this file; it saves steps for those who have it.
(() => {
  document.documentElement.classList.add("script");
  const player = () => document.getElementById("player");
  const FRAME_S = 1 / 25;

  const jump = (seconds) => {
    const it = player();
    if (!it) return false;
    it.currentTime = seconds;
    it.focus();
    return true;
  };
  const step = (frames) => {
    const it = player();
    if (!it) return;
    it.pause();
    it.currentTime = Math.max(0, it.currentTime + frames * FRAME_S);
  };

  document.addEventListener("click", (event) => {
    const at = event.target.closest("[data-at]");
    if (at && jump(Number(at.dataset.at))) event.preventDefault();
    const frame = event.target.closest("[data-frame]");
    if (frame) step(Number(frame.dataset.frame));
    const whole = event.target.closest("[data-length]");
    if (whole) {
      const box = whole.getBoundingClientRect();
      jump(((event.clientX - box.left) / box.width) * Number(whole.dataset.length));
    }
  });

  const shown = () => {
    const line = document.querySelector(".now");
    if (!line) return;
    const x = (1000 * player().currentTime) / Number(line.parentNode.dataset.length);
    line.setAttribute("x1", x);
    line.setAttribute("x2", x);
  };
  if (player()) for (const name of ["timeupdate", "seeking", "loadedmetadata"]) player().addEventListener(name, shown);

  const move = (by) => {
    const links = [...document.querySelectorAll("[data-queue] tbody a")];
    if (!links.length) return;
    const here = links.indexOf(document.activeElement);
    links[Math.min(links.length - 1, Math.max(0, here + by))].focus();
  };

  // Whoever speaks to their computer, or whose keys slip, turns single keys off (WCAG 2.1.4).
  const KEYS = "fairwitness.keys";
  const on = () => localStorage.getItem(KEYS) !== "off";
  const toggle = document.querySelector("[data-keys]");
  const said = () => toggle && toggle.setAttribute("aria-pressed", String(on()));
  if (toggle) {
    toggle.addEventListener("click", () => {
      localStorage.setItem(KEYS, on() ? "off" : "on");
      said();
    });
  }
  said();

  // An element says by data-key which key leads to it: links and buttons are used, choices are
  // made, fields get the focus.
  const use = (key) => {
    const it = [...document.querySelectorAll("[data-key]")].find((each) => each.dataset.key === key);
    if (!it) return false;
    it.focus();
    if (it.matches("a, button, input[type=radio]")) it.click();
    return true;
  };

  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && event.ctrlKey) {
      const form = event.target.form;
      if (form && form.method === "post") form.requestSubmit(form.querySelector("button.main"));
      return;
    }
    if (!on() || event.ctrlKey || event.metaKey || event.altKey) return;
    const choice = event.target.matches("input[type=radio], input[type=checkbox]");
    if (!choice && event.target.closest("input, textarea, select, video, audio") && event.target !== player()) return;
    const it = player();
    if (use(event.key)) event.preventDefault();
    else if (event.key === "j" || event.key === "n") move(1);
    else if (event.key === "p") move(-1);
    else if (event.key === "," && it) step(-1);
    else if (event.key === "." && it) step(1);
    else if (event.key === "k" && it) it.paused ? it.play() : it.pause();
  });
})();
