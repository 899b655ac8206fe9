/** msgpackr ships this build without types; it has those of the package, less what compiles code. */
declare module "msgpackr/index-no-eval" {
  export { Packr, RESET_BUFFER_MODE } from "msgpackr";
}
