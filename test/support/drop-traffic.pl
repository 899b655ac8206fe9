# Datagrams that are dropped for a known reason, for tests of tracers: `send ADDRESS PORT COUNT SIZE FROM` sends them from that
# source port and prints how many the kernel took; `hold ADDRESS PORT` has a socket with little room there and never reads.
use strict;
use Socket;
my ($what, $address, $port, $count, $size, $from) = @ARGV;
my $v6 = $address =~ /:/;
my $family = $v6 ? AF_INET6 : AF_INET;
my $node = Socket::inet_pton($family, $address);
sub at { $v6 ? Socket::pack_sockaddr_in6($_[0], $_[1]) : pack_sockaddr_in($_[0], $_[1]) }
socket(my $socket, $family, SOCK_DGRAM, 0) or die $!;
$| = 1;
if ($what eq "hold") {
  setsockopt($socket, SOL_SOCKET, SO_RCVBUF, pack("i", 4096)) or die $!;
  bind($socket, at($port, $node)) or die $!;
  print "ready\n";
  readline STDIN;
} else {
  bind($socket, at($from, $v6 ? Socket::inet_pton($family, "::") : INADDR_ANY)) or die $!;
  my $taken = 0;
  for (1 .. $count) { $taken++ if defined send($socket, "x" x $size, 0, at($port, $node)) }
  print "$taken\n";
}
