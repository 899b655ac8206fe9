/** Buttons: with text, or with an icon and a tooltip that is also the name. */
import type { LucideIcon } from "lucide-react";
import type { ReactNode, Ref } from "react";
import {
  Button as AriaButton,
  type ButtonProps as AriaButtonProps,
  Tooltip,
  TooltipTrigger,
} from "react-aria-components";

export interface ButtonProps extends Omit<AriaButtonProps, "children" | "className" | "style"> {
  variant?: "plain" | "primary" | "quiet" | "danger";
  icon?: LucideIcon;
  children: ReactNode;
  ref?: Ref<HTMLButtonElement>;
}

export function Button({ variant = "plain", icon: Icon, children, ...props }: ButtonProps) {
  return (
    <AriaButton {...props} className={`button button-${variant}`}>
      {Icon ? <Icon size={14} aria-hidden /> : null}
      <span>{children}</span>
    </AriaButton>
  );
}

export interface IconButtonProps extends Omit<AriaButtonProps, "children" | "className" | "style"> {
  icon: LucideIcon;
  /** Name and tooltip. */
  label: string;
  /** Shown in the tooltip behind the label, e.g. `Ctrl K`. */
  keys?: string;
}

export function IconButton({ icon: Icon, label, keys, ...props }: IconButtonProps) {
  return (
    <TooltipTrigger delay={500}>
      <AriaButton {...props} aria-label={label} className="icon-button">
        <Icon size={15} aria-hidden />
      </AriaButton>
      <Tooltip className="tooltip" offset={6}>
        {label} {keys ? <kbd>{keys}</kbd> : null}
      </Tooltip>
    </TooltipTrigger>
  );
}
