/** The buttons of the console: four weights, two sizes, and one that is only an icon with a tooltip. */
import type { ReactNode } from "react";
import {
  Button as AriaButton,
  type ButtonProps as AriaButtonProps,
  Tooltip,
  TooltipTrigger,
} from "react-aria-components";
import styles from "./button.module.css";

export type Variant = "primary" | "secondary" | "quiet" | "danger";

export interface ButtonProps extends Omit<AriaButtonProps, "className" | "style" | "children"> {
  variant?: Variant;
  size?: "sm" | "md";
  icon?: ReactNode;
  children?: ReactNode;
  "data-testid"?: string;
}

export function Button({ variant = "secondary", size = "md", icon, children, ...rest }: ButtonProps) {
  return (
    <AriaButton {...rest} className={`${styles.button} ${styles[variant]} ${styles[size]}`}>
      {rest.isPending ? <span className={styles.pending} aria-hidden /> : icon}
      {children}
    </AriaButton>
  );
}

export interface IconButtonProps extends Omit<ButtonProps, "children" | "icon"> {
  label: string;
  children: ReactNode;
  shortcut?: string;
}

export function IconButton({ label, shortcut, children, variant = "quiet", size = "md", ...rest }: IconButtonProps) {
  return (
    <TooltipTrigger delay={500} closeDelay={0}>
      <AriaButton
        {...rest}
        aria-label={label}
        className={`${styles.button} ${styles.iconOnly} ${styles[variant]} ${styles[size]}`}
      >
        {children}
      </AriaButton>
      <Tooltip className={styles.tooltip} offset={6}>
        {label}
        {shortcut && <kbd className={styles.kbd}>{shortcut}</kbd>}
      </Tooltip>
    </TooltipTrigger>
  );
}
