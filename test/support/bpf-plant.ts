/**
 * Makes maps and programs without a compiler: a few lines of perl around bpf(2), for tests that plant something
 * on a node. A planted object lives as long as the process, or as its pin.
 */

export interface Plant {
  kind: "map" | "program";
  /** At most 15 characters. */
  name: string;
  /** Path below a bpf file system. */
  pin?: string;
  /** Keep the process, and with it the object, until it is ended. */
  hold?: boolean;
}

/** The union of bpf(2) for map_create, prog_load and obj_pin; the numbers are those of linux/bpf.h. */
const SCRIPT = `my ($kind, $name, $pin, $hold) = @ARGV;
my $bpf = \`uname -m\` =~ /^(aarch64|arm64)/ ? 280 : 321;
my $attr;
my $license = "GPL\\0";
my $code = pack("CCsl", 0xb7, 0, 0, 0) . pack("CCsl", 0x95, 0, 0, 0);
if ($kind eq "map") { $attr = pack("L7a16", 2, 4, 4, 1, 0, 0, 0, $name); }
else { $attr = pack("LLQQLLQLLa16", 3, 2, unpack("Q", pack("P", $code)), unpack("Q", pack("P", $license)), 0, 0, 0, 0, 0, $name); }
my $fd = syscall($bpf, $kind eq "map" ? 0 : 5, $attr, length $attr);
die "bpf: $!" if $fd < 0;
if ($pin ne "") {
  my $path = "$pin\\0";
  my $at = pack("QLL", unpack("Q", pack("P", $path)), $fd, 0);
  die "pin: $!" if syscall($bpf, 6, $at, length $at) < 0;
}
open(my $info, "<", "/proc/self/fdinfo/$fd"); local $/; my ($id) = <$info> =~ /^(?:map|prog)_id:\\s*(\\d+)/m;
$| = 1; print "$id\\n";
sleep 600 if $hold eq "1";`;

/** Prints the object's id once it is there. */
export function plantArgv({ kind, name, pin = "", hold = false }: Plant): string[] {
  return ["perl", "-e", SCRIPT, kind, name, pin, hold ? "1" : "0"];
}
