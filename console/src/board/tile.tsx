/** One extension's tile. It renders only when its own line changes. */
import { ArrowUpRight, BellRing, CirclePause, type LucideIcon, Phone, PhoneCall, PhoneOff } from "lucide-react";
import { memo } from "react";
import { useTranslation } from "react-i18next";
import { Running } from "../ui/time";
import { useBoard, useLine } from "./context";
import { isBusy, type Line, type LineState } from "./model";
import styles from "./tile.module.css";

export const STATE_ICONS: Record<LineState, LucideIcon> = {
  offline: PhoneOff,
  idle: Phone,
  ringing: BellRing,
  calling: ArrowUpRight,
  in_call: PhoneCall,
  on_hold: CirclePause,
};

interface TileProps {
  id: string;
  isTabStop: boolean;
  onOpen: (key: string, anchor: HTMLElement) => void;
}

export const Tile = memo(function Tile({ id, isTabStop, onOpen }: TileProps) {
  const line = useLine(id);
  if (!line) return null;
  return (
    <li className={styles.item}>
      <button
        type="button"
        className={styles.tile}
        data-state={line.state}
        data-key={id}
        data-testid={`tile-${line.extension}`}
        tabIndex={isTabStop ? 0 : -1}
        aria-haspopup="dialog"
        onClick={(event) => onOpen(id, event.currentTarget)}
      >
        <TileFace line={line} />
      </button>
    </li>
  );
});

function TileFace({ line }: { line: Line }) {
  const { t } = useTranslation("board");
  const { store } = useBoard();
  const Icon = STATE_ICONS[line.state];
  const busy = isBusy(line.state);
  return (
    <>
      <span className={styles.top}>
        <span className={styles.number}>{line.extension}</span>
        <Icon className={styles.icon} aria-hidden />
      </span>
      <span className={styles.name}>{line.name || t("tile.unnamed")}</span>
      <span className={styles.bottom}>
        <span className={styles.state}>{(busy && line.peers.join(", ")) || t(`state.${line.state}`)}</span>
        {busy && line.since_ms > 0 && <Running sinceMs={line.since_ms} skewMs={store.skewMs} />}
      </span>
      {busy && line.peers.length > 0 && <span className="visually-hidden">{t(`state.${line.state}`)}</span>}
    </>
  );
}
