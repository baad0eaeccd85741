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
  });

  const move = (by) => {
    const links = [...document.querySelectorAll("[data-queue] tbody a")];
    if (!links.length) return;
    const here = links.indexOf(document.activeElement);
    links[Math.min(links.length - 1, Math.max(0, here + by))].focus();
  };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input, textarea, select, video, audio") && event.target !== player()) return;
    const it = player();
    if (event.key === "j" || event.key === "n") move(1);
    else if (event.key === "p") move(-1);
    else if (event.key === "," && it) step(-1);
    else if (event.key === "." && it) step(1);
    else if (event.key === "k" && it) it.paused ? it.play() : it.pause();
  });
})();
