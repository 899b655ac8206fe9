# TCP connections for tests of retransmissions; something on the way loses segments. IPv4 and IPv6.
#   sink PORT                  accepts on every address and reads. Prints `ready`.
#   serve PORT                 the same with a child for each connection, which sends as many bytes as it is asked for and waits for
#                              the end of the connection. Prints `child PID` for each.
#   push PORT BYTES ADDRESS…   a connection to each address, one after the other: sends, and waits until all was read.
#   fetch PORT BYTES ADDRESS…  a connection to each, all at once: asks for so many. Prints `fetched`; holds them until its input ends.
#   dead PORT ADDRESS          connects to nobody, until SYNs were sent again.
use strict;
use Socket;
$| = 1;
$SIG{CHLD} = "IGNORE";
$SIG{PIPE} = "IGNORE";
alarm 200;
my ($mode, $port, @rest) = @ARGV;
sub address { $_[0] =~ /:/ ? Socket::pack_sockaddr_in6($port, Socket::inet_pton(AF_INET6, $_[0])) : pack_sockaddr_in($port, inet_aton($_[0])) }
sub made { socket(my $s, $_[0] =~ /:/ ? AF_INET6 : AF_INET, SOCK_STREAM, 0) or die $!; $s }
sub connected { my $s = made($_[0]); connect($s, address($_[0])) or die "$_[0]: $!"; $s }
sub send_all {
  my ($to, $left) = @_;
  my $piece = "x" x 20_000;
  while ($left > 0) {
    my $wrote = syswrite($to, $piece, $left < 20_000 ? $left : 20_000);
    defined $wrote or die $!;
    $left -= $wrote;
  }
}
sub read_all { my ($from, $count) = ($_[0], 0); while (my $got = sysread($from, my $bytes, 1 << 16)) { $count += $got } $count }

if ($mode eq "sink" || $mode eq "serve") {
  my $listens = made("::");
  setsockopt($listens, SOL_SOCKET, SO_REUSEADDR, 1);
  bind($listens, address("::")) or die $!;
  listen($listens, 64) or die $!;
  print "ready\n";
  while (accept(my $c, $listens)) {
    if ($mode eq "sink") { read_all($c); close $c; next }
    my $child = fork() // die $!;
    if ($child) { print "child $child\n"; close $c; next }
    close $listens;
    sysread($c, my $asked, 16);
    send_all($c, $asked);
    read_all($c);
    exit;
  }
} elsif ($mode eq "push") {
  my $bytes = shift @rest;
  for my $to (@rest) { my $s = connected($to); send_all($s, $bytes); shutdown($s, 1); read_all($s) }
} elsif ($mode eq "fetch") {
  my $bytes = shift @rest;
  my @open = map { connected($_) } @rest;
  syswrite($_, $bytes) for @open;
  for my $s (@open) { for (my $left = $bytes; $left > 0;) { $left -= sysread($s, my $got, 1 << 16) || die "it ended early" } }
  print "fetched\n";
  readline STDIN;
} elsif ($mode eq "dead") {
  my $s = made($rest[0]);
  # SO_SNDTIMEO: the second SYN is sent after a second, the third after two or three (tcp_syn_linear_timeouts).
  setsockopt($s, SOL_SOCKET, SO_SNDTIMEO, pack("qq", 2, 0)) or die $!;
  connect($s, address($rest[0])) and die "somebody answers";
}
