# Datagrams whose every loss is known, for tests of tracers: `receive ADDRESS` counts those to port 7777 by source port until one
# comes to port 7778, `send ADDRESS PORTS EACH` sends them in turn from source ports 20000 up, `frames INTERFACE` sends what it reads
# (hex). All within a network namespace.
use strict;
use Socket;
my ($what, $address, $ports, $each) = @ARGV;
my $v6 = $address =~ /:/;
my $family = $v6 ? AF_INET6 : AF_INET;
my $node = Socket::inet_pton($family, $address);
my $any = $v6 ? Socket::inet_pton($family, "::") : INADDR_ANY;
sub at { $v6 ? Socket::pack_sockaddr_in6($_[0], $_[1]) : pack_sockaddr_in($_[0], $_[1]) }
sub bound { socket(my $s, $family, SOCK_DGRAM, 0) or die $!; bind($s, at(@_)) or die $!; $s }
$| = 1;
if ($what eq "receive") {
  my ($counted, $end) = (bound(7777, $node), bound(7778, $node));
  # SO_RCVBUFFORCE: a datagram that finds no room would be counted as lost on the way.
  setsockopt($counted, SOL_SOCKET, 33, pack("i", 8 << 20)) or die $!;
  print "ready\n";
  recv($end, my $last, 100, 0);
  my %got;
  while (defined(my $from = recv($counted, my $text, 100, MSG_DONTWAIT))) {
    my ($port) = $v6 ? Socket::unpack_sockaddr_in6($from) : unpack_sockaddr_in($from);
    $got{$port}++;
  }
  print "$_ $got{$_}\n" for sort keys %got;
} elsif ($what eq "frames") {
  # AF_PACKET, SOCK_RAW; sockaddr_ll needs the interface only.
  socket(my $s, 17, 3, 0) or die $!;
  open(my $file, "<", "/sys/class/net/$address/ifindex") or die $!;
  my $to = pack("SSlSCCa8", 17, 0, 0 + <$file>, 0, 0, 6, "");
  for my $frame (<STDIN>) {
    chomp $frame;
    send($s, pack("H*", "0200000000020200000000aa$frame"), 0, $to) or die $!;
  }
} else {
  my @senders = map { bound(20000 + $_, $any) } 0 .. $ports - 1;
  for my $n (1 .. $each) {
    send($_, "datagram $n", 0, at(7777, $node)) or die $! for @senders;
  }
  send($senders[0], "end", 0, at(7778, $node)) or die $!;
}
