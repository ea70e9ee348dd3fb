/** Dialogs in the middle, panels from the side; both trap focus and give it back. */
import { X } from "lucide-react";
import type { ReactNode } from "react";
import { Dialog as AriaDialog, Heading, Modal, ModalOverlay } from "react-aria-components";
import { useTranslation } from "react-i18next";
import { Button, IconButton, type Variant } from "./button";
import styles from "./overlay.module.css";

interface OverlayProps {
  title: string;
  isOpen: boolean;
  onClose: () => void;
  children: ReactNode;
  footer?: ReactNode;
  role?: "dialog" | "alertdialog";
  wide?: boolean;
  "data-testid"?: string;
}

export function Dialog({ wide, ...props }: OverlayProps) {
  return <Layer {...props} place={wide ? styles.wide : styles.centre} />;
}

export function SidePanel({ wide, ...props }: OverlayProps) {
  return <Layer {...props} isSide place={`${styles.side} ${wide ? styles.sideWide : ""}`} />;
}

function Layer({
  title,
  isOpen,
  onClose,
  children,
  footer,
  role = "dialog",
  place,
  isSide,
  ...rest
}: OverlayProps & { place?: string; isSide?: boolean }) {
  const { t } = useTranslation();
  return (
    <ModalOverlay
      isOpen={isOpen}
      onOpenChange={(open) => !open && onClose()}
      isDismissable={role === "dialog"}
      className={styles.scrim}
    >
      <Modal className={place} data-side-panel={isSide}>
        <AriaDialog role={role} className={styles.dialog} data-testid={rest["data-testid"]}>
          <header className={styles.header}>
            <Heading slot="title" level={2} className={styles.title}>
              {title}
            </Heading>
            <IconButton label={t("close")} size="sm" onPress={onClose}>
              <X aria-hidden />
            </IconButton>
          </header>
          <div className={styles.body}>{children}</div>
          {footer && <footer className={styles.footer}>{footer}</footer>}
        </AriaDialog>
      </Modal>
    </ModalOverlay>
  );
}

interface ConfirmProps {
  title: string;
  children: ReactNode;
  action: string;
  variant?: Variant;
  isOpen: boolean;
  isPending?: boolean;
  onConfirm: () => void;
  onClose: () => void;
}

export function Confirm({
  title,
  children,
  action,
  variant = "danger",
  isPending,
  onConfirm,
  onClose,
  isOpen,
}: ConfirmProps) {
  const { t } = useTranslation();
  return (
    <Dialog
      title={title}
      isOpen={isOpen}
      onClose={onClose}
      role="alertdialog"
      footer={
        <>
          <Button onPress={onClose} autoFocus>
            {t("cancel")}
          </Button>
          <Button variant={variant} onPress={onConfirm} isPending={isPending} data-testid="confirm">
            {action}
          </Button>
        </>
      }
    >
      {children}
    </Dialog>
  );
}
