/** What this build of ssh2 can do, best first; probed by it at run time, because Electron's crypto lacks some. */
declare module "ssh2/lib/protocol/constants.js" {
  const constants: Record<
    | "DEFAULT_KEX"
    | "SUPPORTED_KEX"
    | "DEFAULT_CIPHER"
    | "SUPPORTED_CIPHER"
    | "DEFAULT_MAC"
    | "SUPPORTED_MAC"
    | "SUPPORTED_SERVER_HOST_KEY",
    readonly string[]
  >;
  export default constants;
}
