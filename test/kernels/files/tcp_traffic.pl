# Connections whose course is known, for tests of tracers. In a network namespace with lo, an address 10.8.0.1 on wire0 and nobody
# at 10.8.0.2 (answers no SYN) and 10.8.0.3 (answers no ARP). Prints `pid client|server PID`, then a line for each connection, seen from
# the client: `NAME LPORT RPORT SENT RECEIVED`; `open`, and holds one connection until its input ends.
use strict;
use Socket;
use Errno;
$| = 1;
$SIG{ALRM} = sub { die "took too long" };
alarm 100;
my $reset = pack("ii", 1, 0);
my %node = (4 => Socket::inet_pton(AF_INET, "127.0.0.1"), 6 => Socket::inet_pton(AF_INET6, "::1"));
sub at { $_[0] == 6 ? Socket::pack_sockaddr_in6($_[1], $_[2]) : pack_sockaddr_in($_[1], $_[2]) }
sub port { $_[0] == 6 ? (Socket::unpack_sockaddr_in6($_[1]))[0] : (unpack_sockaddr_in($_[1]))[0] }
sub made { socket(my $s, $_[0] == 6 ? AF_INET6 : AF_INET, SOCK_STREAM, 0) or die $!; $s }
sub all { my ($from, $count) = ($_[0], 0); while (my $got = sysread($from, my $bytes, 65536)) { $count += $got } $count }
sub put { my ($to, $bytes) = ($_[0], "x" x $_[1]); while (length $bytes) { substr($bytes, 0, syswrite($to, $bytes) || die($!), "") } }
sub listening { my $s = made($_[0]); bind($s, at($_[0], 0, $node{$_[0]})) or die $!; listen($s, 10) or die $!; $s }

my %listens = (4 => listening(4), 6 => listening(6));
pipe(my $server_ends, my $server_goes_on) or die $!;
my $server = fork() // die $!;
if (!$server) {
  alarm 100;
  close $server_goes_on;
  # In the client's order: a connection each.
  for my $family (4, 6) {
    for (1 .. 3) { accept(my $c, $listens{$family}); put($c, 3 * all($c)); close $c }
  }
  # Closed without another word, once the client has it: connect(2) itself fails when the reset is there before it has returned.
  accept(my $c, $listens{4}); sysread($server_ends, my $has_it, 1); setsockopt($c, SOL_SOCKET, SO_LINGER, $reset); close $c;
  # The server closes first; what it gets is never read.
  accept($c, $listens{4}); put($c, 777); close $c;
  accept($c, $listens{4}); sysread($c, my $bytes, 50); put($c, 20); sysread($server_ends, $bytes, 1);
  exit;
}
# Nobody waits for a client that is gone.
END { kill TERM => $server if $? && $server }
close $server_ends;
print "pid client $$\npid server $server\n";
sub connected { my $s = made($_[0]); connect($s, getpeername_of($_[0])) or die $!; $s }
sub getpeername_of { getsockname($listens{$_[0]}) }
sub report { my ($name, $family, $s, $peer, $sent, $received) = @_; print join(" ", $name, port($family, getsockname($s)), $peer, $sent, $received), "\n" }
for my $family (4, 6) {
  my $peer = port($family, getpeername_of($family));
  for my $bytes (0, 1, 200_000) {
    my $s = connected($family);
    put($s, $bytes); shutdown($s, 1);
    report("ok$family-$bytes", $family, $s, $peer, $bytes, all($s));
  }
}
my $peer = port(4, getpeername_of(4));
my $s = connected(4); syswrite($server_goes_on, "x"); sysread($s, my $bytes, 1); report("reset", 4, $s, $peer, 0, 0); close $s;
$s = connected(4); report("passive", 4, $s, $peer, 0, all($s)); close $s;
# Failures, each to a port that says which.
sub fails { my ($name, $address, $port, $before) = @_; my $s = made(4); $before->($s) if $before; connect($s, at(4, $port, Socket::inet_pton(AF_INET, $address))) and die $name; print "$name 0 $port 0 0\n" }
fails("refused", "127.0.0.1", 1);
# TCP_USER_TIMEOUT, in ms: the first retransmission, after a second, finds the time over.
fails("timed_out", "10.8.0.2", 2, sub { setsockopt($_[0], 6, 18, pack("i", 500)) or die $! });
fails("unreachable", "10.8.0.3", 3);
# The process gives up: SO_SNDTIMEO.
fails("abandoned", "10.8.0.2", 4, sub { setsockopt($_[0], SOL_SOCKET, SO_SNDTIMEO, pack("qq", 0, 100_000)) or die $! });
$s = connected(4); put($s, 50); sysread($s, $bytes, 20); report("open", 4, $s, $peer, 50, 20);
readline STDIN;
# It ends with its connection open.
