/** A modal dialog: focus is kept inside and returns to where it was; Escape is Cancel. */
import type { ReactNode } from "react";
import { Dialog as AriaDialog, Heading, Modal, ModalOverlay } from "react-aria-components";

export interface DialogProps {
  title: string;
  onCancel: () => void;
  /** `alertdialog` for a warning that has to be read. */
  role?: "dialog" | "alertdialog";
  wide?: boolean;
  children: ReactNode;
}

export function Dialog({ title, onCancel, role = "dialog", wide = false, children }: DialogProps) {
  return (
    <ModalOverlay
      className="overlay"
      isOpen
      isDismissable={false}
      onOpenChange={(open) => {
        if (!open) onCancel();
      }}
    >
      <Modal className={wide ? "modal modal-wide" : "modal"}>
        <AriaDialog role={role} className="dialog">
          <Heading slot="title" level={2}>
            {title}
          </Heading>
          {children}
        </AriaDialog>
      </Modal>
    </ModalOverlay>
  );
}
