/** The one function used of the package: a bcrypt hash of 64 + 64 bytes (SHA-512 digests) into 32 bytes. */
declare module "bcrypt-pbkdf" {
  const bcrypt: { hash(password: Uint8Array, salt: Uint8Array, out: Uint8Array): void };
  export default bcrypt;
}
