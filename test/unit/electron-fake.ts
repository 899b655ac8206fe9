/**
 * A recording stand-in for Electron, typed against the real API: what the app sets up is kept here, and
 * tests play what Chromium and the system would do.
 */
import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { EventEmitter } from "node:events";
import type * as Electron from "electron";
import type { ElectronApi } from "../../electron/main/api.ts";

/** A partial object in the place of a whole Electron class; a member that is used and missing throws. */
const standIn = <T>(part: Partial<T>): T => part as T;

/** Listeners of an Electron object, and what a test does to call them. */
function emitter() {
  const events = new EventEmitter();
  const on = (event: string, listener: (...args: never[]) => void) => void events.on(event, listener as () => void);
  const once = (event: string, listener: (...args: never[]) => void) => void events.once(event, listener as () => void);
  return { events, on: on as never, once: once as never };
}

/** An event whose default can be prevented. */
export function preventable() {
  let prevented = false;
  return {
    event: {
      preventDefault: () => {
        prevented = true;
      },
    },
    wasPrevented: () => prevented,
  };
}

export interface Posted {
  channel: string;
  ports: readonly unknown[];
}

export class FakeContents {
  readonly posted: Posted[] = [];
  readonly mainFrame = { url: "app://bpfdesk/" };
  reloads = 0;
  windowOpenHandler: ((details: Electron.HandlerDetails) => Electron.WindowOpenHandlerResponse) | null = null;
  private readonly emitter = emitter();
  readonly events = this.emitter.events;
  readonly api = standIn<Electron.WebContents>({
    on: this.emitter.on,
    setWindowOpenHandler: (handler) => {
      this.windowOpenHandler = handler;
    },
    postMessage: (channel, _message, ports = []) => void this.posted.push({ channel, ports }),
    reload: () => {
      this.reloads += 1;
    },
    getURL: () => this.mainFrame.url,
    mainFrame: this.mainFrame as Electron.WebFrameMain,
  });
}

export class FakeWindow {
  readonly contents = new FakeContents();
  loaded = "";
  focused = 0;
  private readonly emitter = emitter();
  readonly events = this.emitter.events;
  readonly api = standIn<Electron.BrowserWindow>({
    on: this.emitter.on,
    once: this.emitter.once,
    loadURL: async (url) => {
      this.loaded = url;
    },
    webContents: this.contents.api,
    isMinimized: () => false,
    focus: () => {
      this.focused += 1;
    },
    show: () => {},
    getNormalBounds: () => ({ x: 10, y: 20, width: 1000, height: 700 }),
  });
  constructor(readonly options: Electron.BrowserWindowConstructorOptions) {}
}

export class FakeHost {
  readonly posted: { message: unknown; ports: readonly unknown[] }[] = [];
  killed = false;
  private readonly emitter = emitter();
  readonly events = this.emitter.events;
  readonly api = standIn<Electron.UtilityProcess>({
    on: this.emitter.on,
    once: this.emitter.once,
    postMessage: (message, ports = []) => void this.posted.push({ message, ports }),
    kill: () => {
      this.killed = true;
      return true;
    },
  });
  constructor(
    readonly entry: string,
    readonly args: readonly string[],
  ) {}
}

/** A keychain that really encrypts, with a key of its own. */
export class FakeKeychain {
  backend: ReturnType<Electron.SafeStorage["getSelectedStorageBackend"]> = "gnome_libsecret";
  unlocked = true;
  /** The key was changed: what is read is to be encrypted anew. */
  rotated = false;
  private readonly key = randomBytes(32);
  readonly api = standIn<Electron.SafeStorage>({
    getSelectedStorageBackend: () => this.backend,
    isAsyncEncryptionAvailable: async () => this.unlocked,
    encryptStringAsync: async (text) => {
      const nonce = randomBytes(12);
      const cipher = createCipheriv("aes-256-gcm", this.key, nonce);
      const sealed = Buffer.concat([cipher.update(text, "utf8"), cipher.final()]);
      return Buffer.concat([nonce, cipher.getAuthTag(), sealed]);
    },
    decryptStringAsync: async (bytes) => {
      if (!this.unlocked) throw new Error("locked");
      const cipher = createDecipheriv("aes-256-gcm", this.key, bytes.subarray(0, 12));
      cipher.setAuthTag(bytes.subarray(12, 28));
      const result = cipher.update(bytes.subarray(28), undefined, "utf8") + cipher.final("utf8");
      return { result, shouldReEncrypt: this.rotated };
    },
  });
}

type PermissionRequest = (contents: Electron.WebContents, permission: string, decide: (yes: boolean) => void) => void;
type PermissionCheck = (contents: null, permission: string, origin: string) => boolean;

export class FakeElectron {
  readonly calls: string[] = [];
  readonly windows: FakeWindow[] = [];
  readonly hosts: FakeHost[] = [];
  readonly opened: string[] = [];
  readonly asked: string[] = [];
  readonly errors: string[] = [];
  /** What the person answers to a question: the button's number. */
  answer = 0;
  firstInstance = true;
  privileges: Electron.CustomScheme[] = [];
  page: ((request: Request) => Response | Promise<Response>) | null = null;
  permissionRequest: PermissionRequest | null = null;
  permissionCheck: PermissionCheck | null = null;
  devicePermission: (() => boolean) | null = null;
  menu: Electron.MenuItemConstructorOptions[] = [];
  idleState: ReturnType<Electron.PowerMonitor["getSystemIdleState"]> = "active";
  readonly keychain = new FakeKeychain();
  private readonly powerEmitter = emitter();
  readonly power = this.powerEmitter.events;
  private readonly appEmitter = emitter();
  private readonly ipcEmitter = emitter();
  readonly appEvents = this.appEmitter.events;
  readonly ipc = this.ipcEmitter.events;
  readonly api: ElectronApi;

  constructor(userData: string) {
    const fake = this;
    class BrowserWindow {
      constructor(options: Electron.BrowserWindowConstructorOptions) {
        const window = new FakeWindow(options);
        fake.windows.push(window);
        fake.appEvents.emit("web-contents-created", {}, window.contents.api);
        // biome-ignore lint/correctness/noConstructorReturn: stands in for a native class
        return window.api as unknown as BrowserWindow;
      }
    }
    let ports = 0;
    class MessageChannelMain {
      port1 = `port${++ports}-host`;
      port2 = `port${ports}-page`;
    }
    const session = standIn<Electron.Session>({
      setPermissionRequestHandler: (handler) => {
        fake.permissionRequest = handler as PermissionRequest;
      },
      setPermissionCheckHandler: (handler) => {
        fake.permissionCheck = handler as PermissionCheck;
      },
      setDevicePermissionHandler: (handler) => {
        fake.devicePermission = handler as () => boolean;
      },
    });
    this.api = {
      app: standIn<Electron.App>({
        requestSingleInstanceLock: () => fake.firstInstance,
        quit: () => {
          fake.calls.push("quit");
          const { event, wasPrevented } = preventable();
          fake.appEvents.emit("before-quit", event);
          if (!wasPrevented()) fake.calls.push("gone");
        },
        enableSandbox: () => void fake.calls.push("sandbox"),
        whenReady: async () => void fake.calls.push("ready"),
        getPath: () => userData,
        getVersion: () => "1.2.3",
        isPackaged: true,
        on: this.appEmitter.on,
      }),
      BrowserWindow: BrowserWindow as unknown as ElectronApi["BrowserWindow"],
      MessageChannelMain: MessageChannelMain as unknown as ElectronApi["MessageChannelMain"],
      dialog: standIn<Electron.Dialog>({
        showMessageBox: (async (options: Electron.MessageBoxOptions) => {
          fake.asked.push(options.detail ?? "");
          return { response: fake.answer, checkboxChecked: false };
        }) as Electron.Dialog["showMessageBox"],
        showErrorBox: (title) => void fake.errors.push(title),
      }),
      ipcMain: standIn<Electron.IpcMain>({ on: this.ipcEmitter.on }),
      Menu: {
        buildFromTemplate: (template: Electron.MenuItemConstructorOptions[]) => {
          fake.menu = template;
          return {};
        },
        setApplicationMenu: () => void fake.calls.push("menu"),
      } as unknown as ElectronApi["Menu"],
      powerMonitor: standIn<Electron.PowerMonitor>({
        on: this.powerEmitter.on,
        getSystemIdleState: () => fake.idleState,
      }),
      safeStorage: this.keychain.api,
      protocol: standIn<Electron.Protocol>({
        registerSchemesAsPrivileged: (schemes) => {
          fake.calls.push("scheme");
          fake.privileges = schemes;
        },
        handle: (scheme, handler) => {
          fake.calls.push(`handle ${scheme}`);
          fake.page = handler as (request: Request) => Response | Promise<Response>;
        },
      }),
      screen: standIn<Electron.Screen>({
        getAllDisplays: () => [standIn<Electron.Display>({ workArea: { x: 0, y: 0, width: 1920, height: 1080 } })],
      }),
      session: { defaultSession: session } as unknown as ElectronApi["session"],
      shell: standIn<Electron.Shell>({ openExternal: async (url) => void fake.opened.push(url) }),
      utilityProcess: {
        fork: (entry: string, args: string[]) => {
          const host = new FakeHost(entry, args);
          fake.hosts.push(host);
          return host.api;
        },
      } as unknown as ElectronApi["utilityProcess"],
    };
  }
}
