// Live parts: the server says that something has moved, and the part is asked for anew. Without it, or where it ends,
// the part goes on asking by itself, every few seconds.
(() => {
  "use strict";

  const part = () => document.querySelector("[data-live-stream]");
  if (!part() || !window.EventSource || !window.htmx) {
    return;
  }

  let source = null;
  let known = part().dataset.liveMark || "";
  let isOver = false;
  let waiting = 0;
  let askedAt = 0;

  const isPaused = () => document.querySelector("[data-live-toggle][aria-pressed=false]") !== null;

  const ask = () => {
    waiting = 0;
    const live = part();
    if (live && !document.hidden && !isPaused()) {
      askedAt = Date.now();
      window.htmx.trigger(live, "moved");
    }
  };

  // However often something moves, the part is asked for once a second at most.
  const askSoon = () => {
    waiting ||= setTimeout(ask, Math.max(0, askedAt + 1000 - Date.now()));
  };

  const close = () => {
    source?.close();
    source = null;
  };

  const open = () => {
    if (source || isOver || document.hidden || isPaused() || !part()) {
      return;
    }
    const address = new URL(part().dataset.liveStream, location.href);
    if (known) {
      address.searchParams.set("after", known);
    }
    source = new EventSource(address);
    source.addEventListener("moved", (event) => {
      known = event.lastEventId;
      askSoon();
    });
    source.addEventListener("over", () => {
      isOver = true;
      close();
      askSoon();
    });
  };

  const streams = () => source !== null && source.readyState === EventSource.OPEN;

  // While the stream is open, the part does not ask by itself.
  document.addEventListener("htmx:config:request", (event) => {
    const { sourceElement, sourceEvent } = event.detail.ctx;
    if (sourceElement === part() && streams() && sourceEvent?.type !== "moved") {
      event.preventDefault();
    }
  });

  document.addEventListener("visibilitychange", () => {
    if (document.hidden) {
      close();
    } else {
      open();
    }
  });

  // The toggle says by now what was chosen: the other script was there first.
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-live-toggle]")) {
      if (isPaused()) {
        close();
      } else {
        open();
      }
    }
  });

  // Gone for good while another page is shown; back with it.
  window.addEventListener("pagehide", close);
  window.addEventListener("pageshow", open);
  open();
})();
