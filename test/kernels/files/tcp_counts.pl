# What TCP of this network namespace has counted: `tcp_counts.pl save FILE` keeps it, `tcp_counts.pl since FILE` prints as NAME=VALUE what
# was added since, with the share of segments that was sent again and one per cent around it.
use strict;
my ($mode, $file) = @ARGV;
my %now;
for my $path ("/proc/net/snmp", "/proc/net/netstat") {
  open(my $in, "<", $path) or die $!;
  while (my $names = <$in>) {
    my @names = split " ", $names;
    my @values = split " ", <$in>;
    $now{$names[0] . $names[$_]} = $values[$_] for 1 .. $#names;
  }
}
if ($mode eq "save") {
  open(my $out, ">", $file) or die $!;
  print $out "$_ $now{$_}\n" for keys %now;
  exit;
}
open(my $in, "<", $file) or die $!;
while (<$in>) { my ($name, $value) = split; $now{$name} -= $value }
my %named = (
  RETRANS => "Tcp:RetransSegs", FAST => "TcpExt:TCPFastRetrans", SLOW_START => "TcpExt:TCPSlowStartRetrans",
  SYNS => "TcpExt:TCPSynRetrans", PROBES => "TcpExt:TCPLossProbes",
);
print "$_=$now{$named{$_}}\n" for sort keys %named;
# OutSegs has none of those that were sent again (__tcp_transmit_skb()), but for SYN-ACKs (tcp_make_synack()): in a namespace that
# only listens (a third word) they are all of TCPSynRetrans.
my $sent = $now{"Tcp:OutSegs"} + $now{"Tcp:RetransSegs"} - (@ARGV > 2 ? $now{"TcpExt:TCPSynRetrans"} : 0);
my $ratio = 100 * $now{"Tcp:RetransSegs"} / $sent;
printf "SENT=%d\nRATIO=%.6f\nRATIO_LEAST=%.6f\nRATIO_MOST=%.6f\n", $sent, $ratio, $ratio * 0.99, $ratio * 1.01;
