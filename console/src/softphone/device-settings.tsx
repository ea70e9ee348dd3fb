/** Microphone, speaker and ringer, with a bar that proves the microphone. */
import { useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "../ui/button";
import { SelectField } from "../ui/fields";
import { Notice } from "../ui/states";
import type { UsedPhone } from "./context";
import {
  closeStream,
  type DeviceChoice,
  type Devices,
  listDevices,
  openMicrophone,
  storeDevices,
  storedDevices,
} from "./devices";
import styles from "./dialler.module.css";
import { MicrophoneLevel } from "./level";
import { Ringer } from "./sound";

const TEST_MS = 2_500;
const SYSTEM = "default";

export function DeviceSettings({ used, onChoose }: { used: UsedPhone; onChoose: () => void }) {
  const { t } = useTranslation("phone");
  const [devices, setDevices] = useState(storedDevices);
  const sample = useSampleMicrophone(devices.microphone);
  const inputs = useQuery({
    queryKey: ["devices", "audioinput", sample?.id],
    queryFn: () => listDevices("audioinput"),
    staleTime: 0,
  });
  const outputs = useQuery({
    queryKey: ["devices", "audiooutput", sample?.id],
    queryFn: () => listDevices("audiooutput"),
    staleTime: 0,
  });
  const change = (parts: Partial<Devices>) => {
    const next = { ...devices, ...parts };
    setDevices(next);
    storeDevices(next);
    void used.phone?.switchDevices(next.speaker, next.microphone);
  };
  const choices = (found: DeviceChoice[] = []) => [
    { id: SYSTEM, label: t("devices.default") },
    ...found.map(({ id, label }, index) => ({ id, label: label || t("devices.unnamed", { index: index + 1 }) })),
  ];
  const stored = (value: string) => value || SYSTEM;
  const fromChoice = (value: string) => (value === SYSTEM ? "" : value);
  return (
    <div className={styles.dialler}>
      <SelectField
        label={t("devices.microphone")}
        choices={choices(inputs.data)}
        value={stored(devices.microphone)}
        onChange={(id) => change({ microphone: fromChoice(id) })}
      />
      {sample ? <MicrophoneLevel stream={sample} /> : <Notice tone="warn">{t("devices.noMicrophone")}</Notice>}
      <SelectField
        label={t("devices.speaker")}
        choices={choices(outputs.data)}
        value={stored(devices.speaker)}
        onChange={(id) => change({ speaker: fromChoice(id) })}
      />
      <SelectField
        label={t("devices.ringer")}
        choices={choices(outputs.data)}
        value={stored(devices.ringer)}
        onChange={(id) => change({ ringer: fromChoice(id) })}
      />
      <Button onPress={() => ringFor(devices.ringer)}>{t("devices.test")}</Button>
      <Button onPress={onChoose}>{t("choose.change")}</Button>
      {used.state.extension && (
        <Button variant="quiet" onPress={() => used.send({ do: "leave" })}>
          {t("choose.leave")}
        </Button>
      )}
    </div>
  );
}

function ringFor(deviceId: string): void {
  const ringer = new Ringer();
  ringer.start(deviceId);
  setTimeout(() => ringer.stop(), TEST_MS);
}

function useSampleMicrophone(deviceId: string): MediaStream | null {
  const [stream, setStream] = useState<MediaStream | null>(null);
  useEffect(() => {
    let opened: MediaStream | undefined;
    let isGone = false;
    openMicrophone(deviceId)
      .then((got) => {
        opened = got;
        if (isGone) closeStream(got);
        else setStream(got);
      })
      .catch(() => setStream(null));
    return () => {
      isGone = true;
      closeStream(opened);
    };
  }, [deviceId]);
  return stream;
}
