/** What is heard beside the voice: the ring and ringback tones, made here, and how loud a stream is. */
import { storedDevices } from "./devices";

type Sinkable = { setSinkId?: (id: string) => Promise<void> };

interface Pattern {
  tones: readonly number[];
  onS: number;
  everyS: number;
  gain: number;
}

const FADE_S = 0.04;
const RING: Pattern = { tones: [784, 988], onS: 1, everyS: 3, gain: 0.16 };

/**
 * A tone in a rhythm, until stopped. The rhythm is part of the looped sound, for a hidden page has no timers to rely on.
 * A browser that never saw a click plays nothing; then the page only shows.
 */
export class Ringer {
  #context: AudioContext | undefined;

  start(deviceId = storedDevices().ringer): void {
    if (this.#context) return;
    const context = new AudioContext();
    this.#context = context;
    if (deviceId) void (context as Sinkable).setSinkId?.(deviceId).catch(() => undefined);
    const source = context.createBufferSource();
    source.buffer = rendered(context, RING);
    source.loop = true;
    source.connect(context.destination);
    source.start();
    const wake = () => {
      if (context.state === "suspended") void context.resume();
    };
    wake();
    document.addEventListener("pointerdown", wake, { once: true });
  }

  stop(): void {
    void this.#context?.close();
    this.#context = undefined;
  }
}

function rendered(context: AudioContext, { tones, onS, everyS, gain }: Pattern): AudioBuffer {
  const { sampleRate } = context;
  const buffer = context.createBuffer(1, Math.round(everyS * sampleRate), sampleRate);
  const samples = buffer.getChannelData(0);
  for (let index = 0; index < onS * sampleRate; index += 1) {
    const at = index / sampleRate;
    const hertz = tones[Math.floor((at / onS) * tones.length)] ?? 0;
    const envelope = Math.min(1, at / FADE_S, (onS - at) / FADE_S);
    samples[index] = gain * envelope * Math.sin(2 * Math.PI * hertz * at);
  }
  return buffer;
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
