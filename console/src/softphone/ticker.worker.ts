/** A beat that a sleeping tab still hears: browsers slow a hidden page's timers to one a minute, but not a worker's. */
const EVERY_MS = 5_000;

setInterval(() => postMessage(null), EVERY_MS);
