/** Which microphone, speaker and ringer this browser uses; remembered per browser. */

export type DeviceUse = "microphone" | "speaker" | "ringer";

export type Devices = Record<DeviceUse, string>;

const STORED_AS = "signalbox.phone.devices";
const DEFAULTS: Devices = { microphone: "", speaker: "", ringer: "" };

export function storedDevices(): Devices {
  try {
    return { ...DEFAULTS, ...(JSON.parse(localStorage.getItem(STORED_AS) ?? "{}") as Partial<Devices>) };
  } catch {
    return DEFAULTS;
  }
}

export function storeDevices(devices: Devices): void {
  localStorage.setItem(STORED_AS, JSON.stringify(devices));
}

/** Open the chosen microphone, or any when the chosen one is gone. */
export async function openMicrophone(deviceId = storedDevices().microphone): Promise<MediaStream> {
  const audio: MediaTrackConstraints = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };
  if (!deviceId) return navigator.mediaDevices.getUserMedia({ audio });
  try {
    return await navigator.mediaDevices.getUserMedia({ audio: { ...audio, deviceId: { exact: deviceId } } });
  } catch (error) {
    if (error instanceof DOMException && error.name === "OverconstrainedError") {
      return navigator.mediaDevices.getUserMedia({ audio });
    }
    throw error;
  }
}

export function closeStream(stream: MediaStream | undefined): void {
  for (const track of stream?.getTracks() ?? []) track.stop();
}

export interface DeviceChoice {
  id: string;
  label: string;
}

/** Names are empty until the person has allowed the microphone once. */
export async function listDevices(kind: "audioinput" | "audiooutput"): Promise<DeviceChoice[]> {
  const all = await navigator.mediaDevices.enumerateDevices();
  return all
    .filter((device) => device.kind === kind && device.deviceId !== "default" && device.deviceId !== "")
    .map((device) => ({ id: device.deviceId, label: device.label }));
}

/** No microphone without a secure origin: the browser does not even name the interface. */
export function canSpeak(): boolean {
  return window.isSecureContext && navigator.mediaDevices !== undefined && navigator.locks !== undefined;
}
