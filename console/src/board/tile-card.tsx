/** What opens from a tile: the state in words, and what can be done. */
import { PencilLine, Phone, PhoneOff, Route } from "lucide-react";
import { Dialog, Popover } from "react-aria-components";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import { Button } from "../ui/button";
import { Running } from "../ui/time";
import { useBoard, useLine } from "./context";
import { isBusy, type Line } from "./model";
import { StateBadge } from "./state-badge";
import styles from "./tile-card.module.css";

export interface TileActions {
  onHangup: (callId: string) => void;
  /** Absent while this browser is no phone that could call. */
  onCall?: (number: string) => void;
}

interface TileCardProps extends TileActions {
  id: string;
  anchor: HTMLElement;
  onClose: () => void;
}

export function TileCard({ id, anchor, onClose, ...actions }: TileCardProps) {
  const line = useLine(id);
  if (!line) return null;
  return (
    <Popover
      isOpen
      onOpenChange={(open) => !open && onClose()}
      triggerRef={{ current: anchor }}
      className={styles.popover}
      offset={6}
    >
      <Dialog className={styles.card} aria-label={`${line.extension} ${line.name}`} data-testid="tile-card">
        <Face line={line} />
        <Actions line={line} onClose={onClose} {...actions} />
      </Dialog>
    </Popover>
  );
}

function Face({ line }: { line: Line }) {
  const { t } = useTranslation("board");
  const { store } = useBoard();
  return (
    <header className={styles.head}>
      <strong className={styles.who}>
        {line.extension} {line.name}
      </strong>
      <span className={styles.state}>
        <StateBadge state={line.state} />
        {isBusy(line.state) && line.since_ms > 0 && <Running sinceMs={line.since_ms} skewMs={store.skewMs} />}
      </span>
      {line.peers.length > 0 && <span>{line.peers.join(", ")}</span>}
      <span className={styles.quiet}>
        {line.contacts > 0 ? t("tile.phones", { count: line.contacts }) : t("tile.noPhones")}
      </span>
    </header>
  );
}

function Actions({ line, onClose, onCall, onHangup }: TileActions & { line: Line; onClose: () => void }) {
  const { t } = useTranslation("board");
  const navigate = useNavigate();
  const act = (run: () => void) => () => {
    onClose();
    run();
  };
  return (
    <div className={styles.actions}>
      {onCall && (
        <Button variant="primary" icon={<Phone aria-hidden />} onPress={act(() => onCall(line.extension))}>
          {t("tile.call", { number: line.extension })}
        </Button>
      )}
      {line.call_id && (
        <>
          <Button
            icon={<Route aria-hidden />}
            onPress={act(() => navigate(`/calls/${encodeURIComponent(line.call_id)}`))}
          >
            {t("tile.show")}
          </Button>
          <Button icon={<PhoneOff aria-hidden />} onPress={act(() => onHangup(line.call_id))}>
            {t("tile.hangup")}
          </Button>
        </>
      )}
      <Button
        icon={<PencilLine aria-hidden />}
        onPress={act(() => navigate(`/extensions/${encodeURIComponent(line.extension)}`))}
      >
        {t("tile.edit")}
      </Button>
    </div>
  );
}
