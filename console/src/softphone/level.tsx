/** A bar that moves with the voice. It writes to the element directly: sixty renders a second would be waste. */
import { useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import styles from "./level.module.css";
import { LevelMeter } from "./sound";

export function MicrophoneLevel({ stream, isMuted = false }: { stream: MediaStream; isMuted?: boolean }) {
  const { t } = useTranslation("phone");
  const bar = useRef<HTMLMeterElement>(null);
  useEffect(() => {
    const meter = new LevelMeter(stream);
    let frame = 0;
    const draw = () => {
      if (bar.current) bar.current.value = isMuted ? 0 : meter.read();
      frame = requestAnimationFrame(draw);
    };
    draw();
    return () => {
      cancelAnimationFrame(frame);
      meter.close();
    };
  }, [stream, isMuted]);
  return <meter ref={bar} className={styles.level} min={0} max={1} value={0} aria-label={t("devices.level")} />;
}
