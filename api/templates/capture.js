// Records a response to a challenge: shows the cues at their times, records the camera, notes what
// the browser says of it, and sends all of it bound to the nonce. No library, no inline code.
"use strict";

(() => {
  const FORMAT = "fairwitness-challenge-response/1";
  const TYPES = ["video/webm;codecs=vp8,opus", "video/webm;codecs=vp8", "video/webm", "video/mp4"];
  const WANTED = { width: 640, height: 480, frame_rate: 30, facing_mode: "user" };
  const MOST_FRAMES = 11000;
  const LATEST_LABEL = 300;
  const get = (id) => document.getElementById(id);
  const main = get("capture");
  if (!main) return;
  const address = main.dataset.address;
  const texts = {};
  for (const each of get("texts").children) texts[each.dataset.name] = each.textContent;
  const view = get("view");
  let stream = null;
  let running = null;

  const kinds = () => [...document.querySelectorAll("input[name=kind]")];
  const leftOut = () => kinds().filter((each) => !each.checked).map((each) => each.value);
  const random = ["turn_head", "follow_dot", "screen_colours"];
  const enough = () => kinds().some((each) => each.checked && random.includes(each.value));
  const speaks = () => kinds().some((each) => each.checked && each.value === "say_digits");

  function end(name, { arrived = false } = {}) {
    running = null;
    release();
    get("before").hidden = true;
    get("stage").hidden = true;
    const after = get("after");
    after.hidden = false;
    after.querySelector("h1").hidden = !arrived;
    after.querySelector("p").textContent = texts[name];
    after.focus();
    main.dataset.ended = name;
  }

  function release() {
    if (stream) for (const track of stream.getTracks()) track.stop();
    stream = null;
    view.srcObject = null;
  }

  async function open(deviceId) {
    release();
    const video = {
      width: { ideal: WANTED.width },
      height: { ideal: WANTED.height },
      frameRate: { ideal: WANTED.frame_rate },
    };
    if (deviceId) video.deviceId = { exact: deviceId };
    else video.facingMode = WANTED.facing_mode;
    stream = await navigator.mediaDevices.getUserMedia({ video, audio: speaks() });
    view.srcObject = stream;
    await view.play();
  }

  async function cameras() {
    const all = await navigator.mediaDevices.enumerateDevices();
    return all.filter((each) => each.kind === "videoinput");
  }

  async function turnOn() {
    if (!window.MediaRecorder || !navigator.mediaDevices || !window.crypto?.subtle) {
      end("failed_browser");
      return;
    }
    get("on").disabled = true;
    try {
      await open(null);
    } catch {
      end("failed_camera");
      return;
    }
    const which = get("which");
    const used = stream.getVideoTracks()[0].getSettings().deviceId;
    for (const [number, device] of (await cameras()).entries()) {
      const name = device.label || `${number + 1}`;
      which.add(new Option(name, device.deviceId, false, device.deviceId === used));
    }
    get("place").append(view);
    get("on").parentElement.hidden = true;
    get("ready").hidden = false;
    get("start").focus();
    main.dataset.ready = "yes";
  }

  async function change() {
    try {
      await open(get("which").value);
    } catch {
      end("failed_camera");
    }
  }

  const hex = (buffer) =>
    [...new Uint8Array(buffer)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const sha256 = async (bytes) => hex(await crypto.subtle.digest("SHA-256", bytes));
  const utf8 = (text) => new TextEncoder().encode(text);

  async function settings(track) {
    const told = track.getSettings();
    return {
      width: told.width ?? null,
      height: told.height ?? null,
      frame_rate: told.frameRate ?? null,
      facing_mode: told.facingMode ?? null,
      device_id_sha256: told.deviceId ? await sha256(utf8(told.deviceId)) : null,
    };
  }

  function send(path, body, type) {
    return fetch(`${address}/${path}`, {
      method: "POST",
      headers: { "Content-Type": type },
      body,
      credentials: "omit",
    });
  }

  // What a cue says, by what is asked and the step.
  function words(cue, step) {
    if (cue.kind === "turn_head") return texts[`turn_${step}`];
    if (cue.kind === "cover_face") return texts[`cover_${step}`];
    if (cue.kind === "say_digits") return `${texts.say} ${cue.steps.join(" ")}`;
    return cue.kind === "follow_dot" ? texts.dot : texts.colours;
  }

  function show(cue, step) {
    const stage = get("stage");
    const digits = cue?.kind === "say_digits";
    const said = cue ? words(cue, step) : texts.look;
    const line = get("cue");
    const shown = digits ? texts.say : said;
    if (line.textContent !== shown || line.dataset.said !== said) {
      line.dataset.said = said;
      line.textContent = shown;
      if (digits) {
        const read = document.createElement("span");
        read.className = "unseen";
        read.textContent = cue.steps.join(" ");
        line.append(" ", read);
      }
    }
    get("digits").textContent = digits ? cue.steps.join("") : "";
    get("dot").hidden = cue?.kind !== "follow_dot";
    if (cue?.kind === "follow_dot") {
      get("dot").dataset.place = step;
      stage.dataset.place = step;
    } else delete stage.dataset.place;
    if (cue?.kind === "screen_colours") stage.dataset.colour = step;
    else delete stage.dataset.colour;
  }

  // The page's notes of one run.
  class Run {
    constructor(plan, track) {
      this.plan = plan;
      this.track = track;
      this.frames = [];
      this.cues = [];
      this.visibility = [];
      this.stopped = false;
      this.watch = this.watch.bind(this);
      this.seen = () =>
        this.visibility.push({ state: document.visibilityState, at: performance.now() });
      document.addEventListener("visibilitychange", this.seen);
    }

    watch(now, told) {
      if (this.stopped) return;
      if (this.frames.length < MOST_FRAMES) {
        this.frames.push({
          at: now,
          presented: told.presentationTime,
          media_s: told.mediaTime,
          count: told.presentedFrames,
          captured: told.captureTime ?? null,
        });
      }
      view.requestVideoFrameCallback(this.watch);
    }

    begin() {
      this.startedAt = performance.now();
      this.clockStart = Date.now();
      if (view.requestVideoFrameCallback) view.requestVideoFrameCallback(this.watch);
    }

    note(number, step) {
      if (this.cues.some((each) => each.cue === number && each.step === step)) return;
      this.cues.push({ cue: number, step, at: performance.now() });
    }

    stop() {
      this.stopped = true;
      this.stoppedAt = performance.now();
      this.clockStop = Date.now();
      document.removeEventListener("visibilitychange", this.seen);
    }
  }

  // Shows the cues by the page's clock until the plan is over.
  function play(run) {
    return new Promise((resolve) => {
      const tick = () => {
        if (running !== run) return resolve(false);
        const at = (performance.now() - run.startedAt) / 1000;
        get("progress").value = Math.min(1, at / run.plan.duration_s);
        const number = run.plan.cues.findIndex((cue) => at >= cue.start_s && at < cue.end_s);
        const cue = run.plan.cues[number];
        if (cue) {
          const length = (cue.end_s - cue.start_s) / cue.steps.length;
          const step = Math.min(cue.steps.length - 1, Math.floor((at - cue.start_s) / length));
          show(cue, cue.steps[step]);
          if (cue.kind === "say_digits") cue.steps.forEach((_, each) => run.note(number, each));
          else run.note(number, step);
        } else show(null, null);
        if (at >= run.plan.duration_s) return resolve(true);
        return requestAnimationFrame(tick);
      };
      tick();
    });
  }

  function recorded(recorder, pieces) {
    return new Promise((resolve) => {
      recorder.addEventListener("stop", () => resolve(new Blob(pieces, { type: recorder.mimeType })));
      recorder.stop();
    });
  }

  async function start() {
    if (!enough()) {
      get("start").disabled = true;
      end("too_little");
      return;
    }
    get("start").disabled = true;
    const choice = { left_out: leftOut(), pace: get("pace").checked ? 2 : 1 };
    if (speaks() !== stream.getAudioTracks().length > 0) {
      try {
        await open(get("which").value);
      } catch {
        end("failed_camera");
        return;
      }
    }
    const mimeType = TYPES.find((each) => MediaRecorder.isTypeSupported(each));
    if (!mimeType) {
      end("failed_browser");
      return;
    }
    const answer = await send("start", JSON.stringify(choice), "application/json").catch(() => null);
    if (!answer?.ok) {
      end("failed_start");
      return;
    }
    const plan = await answer.json();
    const track = stream.getVideoTracks()[0];
    const before = await settings(track);
    await perform(new Run(plan, track), mimeType, before);
  }

  async function perform(run, mimeType, before) {
    running = run;
    get("before").hidden = true;
    get("human").hidden = true;
    get("stage").hidden = false;
    get("small").append(view);
    await view.play().catch(() => null);
    get("code").querySelector("b").textContent = run.plan.code;
    show(null, null);
    get("cue").focus();
    const pieces = [];
    const recorder = new MediaRecorder(stream, { mimeType, videoBitsPerSecond: 2000000 });
    recorder.addEventListener("dataavailable", (event) => pieces.push(event.data));
    await new Promise((resolve) => {
      recorder.addEventListener("start", resolve, { once: true });
      recorder.start(1000);
    });
    run.begin();
    const done = await play(run);
    run.stop();
    if (!done) return;
    get("stage").hidden = true;
    get("human").hidden = false;
    const after = get("after");
    after.hidden = false;
    after.querySelector("p").textContent = texts.sending;
    const file = await recorded(recorder, pieces);
    await deliver(run, file, recorder.mimeType, before);
  }

  async function told(run, recorderType, before) {
    const devices = await cameras();
    const label = (text) => text.slice(0, LATEST_LABEL);
    return {
      nonce: run.plan.nonce,
      label: label(run.track.label),
      labels: devices.slice(0, 50).map((each) => label(each.label)),
      requested: WANTED,
      reported: before,
      reported_end: await settings(run.track),
      element_width: view.videoWidth,
      element_height: view.videoHeight,
      frame_callback: "requestVideoFrameCallback" in HTMLVideoElement.prototype,
      frames: run.frames,
      cues: run.cues,
      visibility: run.visibility,
      started_at: run.startedAt,
      stopped_at: run.stoppedAt,
      clock_start_ms: run.clockStart,
      clock_stop_ms: run.clockStop,
      recorder_type: recorderType,
      screen: [window.innerWidth, window.innerHeight],
      agent: label(navigator.userAgent),
    };
  }

  async function deliver(run, file, recorderType, before) {
    try {
      const telemetry = JSON.stringify(await told(run, recorderType, before));
      const recording = await sha256(await file.arrayBuffer());
      const lines = [FORMAT, run.plan.nonce, recording, await sha256(utf8(telemetry))];
      const body = {
        recording_sha256: recording,
        recording_bytes: file.size,
        telemetry,
        binding: await sha256(utf8(lines.join("\n"))),
      };
      const answer = await send("answer", JSON.stringify(body), "application/json");
      if (!answer.ok || !(await answer.json()).upload) {
        end("late");
        return;
      }
      const type = recorderType.split(";")[0];
      for (let left = 3; left > 0; left -= 1) {
        const sent = await send("recording", file, type).catch(() => null);
        if (sent?.ok) {
          end("done", { arrived: true });
          return;
        }
      }
      end("failed_send");
    } catch {
      end("failed_send");
    }
  }

  function stop() {
    if (!running) return;
    get("human").hidden = false;
    end("stopped");
  }

  for (const each of document.querySelectorAll(".live")) each.hidden = false;
  get("on").addEventListener("click", turnOn);
  get("which").addEventListener("change", change);
  get("start").addEventListener("click", start);
  get("stop").addEventListener("click", stop);
})();
