/** What is heard beside the voice: the ring and ringback tones, made here, and how loud a stream is. */
import { storedDevices } from "./devices";

type Sinkable = { setSinkId?: (id: string) => Promise<void> };

interface Pattern {
  tones: readonly number[];
  onS: number;
  everyS: number;
  gain: number;
}

const RING: Pattern = { tones: [784, 988], onS: 1, everyS: 3, gain: 0.16 };

/** A tone in a rhythm, until stopped. A browser that never saw a click plays nothing; then the page only shows. */
export class Ringer {
  #context: AudioContext | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;

  start(deviceId = storedDevices().ringer): void {
    if (this.#context) return;
    const context = new AudioContext();
    this.#context = context;
    if (deviceId) void (context as Sinkable).setSinkId?.(deviceId).catch(() => undefined);
    const burst = () => playBurst(context, RING);
    const wake = () => {
      if (context.state === "suspended") void context.resume();
    };
    burst();
    wake();
    document.addEventListener("pointerdown", wake, { once: true });
    this.#timer = setInterval(burst, RING.everyS * 1_000);
  }

  stop(): void {
    clearInterval(this.#timer);
    void this.#context?.close();
    this.#context = undefined;
  }
}

function playBurst(context: AudioContext, pattern: Pattern): void {
  const start = context.currentTime + 0.02;
  const volume = context.createGain();
  volume.connect(context.destination);
  volume.gain.setValueAtTime(0, start);
  volume.gain.linearRampToValueAtTime(pattern.gain, start + 0.04);
  volume.gain.setValueAtTime(pattern.gain, start + pattern.onS - 0.1);
  volume.gain.linearRampToValueAtTime(0, start + pattern.onS);
  pattern.tones.forEach((hertz, index) => {
    const tone = context.createOscillator();
    tone.frequency.value = hertz;
    tone.connect(volume);
    const length = pattern.onS / pattern.tones.length;
    tone.start(start + index * length);
    tone.stop(start + (index + 1) * length);
  });
}

/** The voice of the other side, on the chosen speaker. */
export class Speaker {
  readonly #element = new Audio();

  play(stream: MediaStream): void {
    this.#element.srcObject = stream;
    void this.playThrough(storedDevices().speaker);
    void this.#element.play().catch(() => undefined);
  }

  async playThrough(deviceId: string): Promise<void> {
    await (this.#element as Sinkable).setSinkId?.(deviceId).catch(() => undefined);
  }

  stop(): void {
    this.#element.srcObject = null;
  }
}

/** Measures a stream's loudness, 0 to 1, when asked. */
export class LevelMeter {
  readonly #context = new AudioContext();
  readonly #analyser = this.#context.createAnalyser();
  readonly #samples: Float32Array<ArrayBuffer>;

  constructor(stream: MediaStream) {
    this.#analyser.fftSize = 512;
    this.#samples = new Float32Array(this.#analyser.fftSize);
    this.#context.createMediaStreamSource(stream).connect(this.#analyser);
    void this.#context.resume();
  }

  read(): number {
    this.#analyser.getFloatTimeDomainData(this.#samples);
    let sum = 0;
    for (const sample of this.#samples) sum += sample * sample;
    const decibel = 10 * Math.log10(sum / this.#samples.length + 1e-9);
    return Math.min(1, Math.max(0, (decibel + 60) / 55));
  }

  close(): void {
    void this.#context.close();
  }
}
