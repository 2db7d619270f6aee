# SPDX-License-Identifier: MIT
#
# perlsuite: Perl with the modules of its core, those that reach down to the system above all.
# Speaks TAP; the case reads the plan and each line.

use strict;
use warnings;
use threads;
use threads::shared;
use Compress::Zlib qw(compress uncompress);
use Cwd qw(getcwd);
use Digest::SHA qw(sha256_hex);
use Encode qw(encode decode);
use Errno qw(ENOENT EACCES);
use Fcntl qw(:DEFAULT :flock :seek);
use File::Copy qw(copy move);
use File::Find qw(find);
use File::Temp qw(tempdir);
use IO::Handle;
use IO::Select;
use IO::Socket::INET;
use List::Util qw(sum shuffle);
use POSIX qw(:sys_wait_h floor strftime);
use Socket qw(AF_UNIX SOCK_STREAM PF_UNSPEC);
use Storable qw(freeze thaw);
use Test::More;
use Time::HiRes qw(time sleep alarm);

$ENV{TZ} = 'UTC';
my $dir = tempdir(DIR => '/tmp', CLEANUP => 1);

# The language itself.
my $text = join ' ', map { "word$_" } 1 .. 20000;
my %seen;
$seen{ $1 % 97 }++ while $text =~ /\bword(\d+)\b/g;
is(scalar keys %seen, 97, 'regular expressions and hashes');
is(sum(sort { $a <=> $b } shuffle 1 .. 50000), 1250025000, 'sort and sum');
is(decode('UTF-8', encode('UTF-8', "\x{263a}\x{1f600}")), "\x{263a}\x{1f600}", 'Encode');
is(unpack('H*', pack('NnCa3', 1, 2, 3, 'abc')), '00000001000203616263', 'pack');
is(strftime('%F %T', gmtime 86400), '1970-01-02 00:00:00', 'gmtime');
is(uncompress(compress($text)), $text, 'Compress::Zlib');
is(thaw(freeze({ a => [1, 2] }))->{a}[1], 2, 'Storable');
is(eval "1 +" // 'error', 'error', 'eval of a syntax error');
is(length(do { local $_ = 'x' x (1 << 22); tr/x/y/; $_ }), 1 << 22, 'a string of 4 MiB');

# Files.
my $path = "$dir/file";
open my $file, '+>', $path or die "$path: $!";
print {$file} "line $_\n" for 1 .. 10000;
$file->flush;
is(-s $path, 98894, 'buffered writing');
seek $file, 0, SEEK_SET;
my @lines = <$file>;
is(scalar @lines, 10000, 'buffered reading');
is($lines[-1], "line 10000\n", 'the last line');
ok(flock($file, LOCK_EX | LOCK_NB), 'flock');
open my $other, '<', $path or die "$path: $!";
ok(!flock($other, LOCK_SH | LOCK_NB), 'a second flock is refused');
close $file;
ok(flock($other, LOCK_SH | LOCK_NB), 'closing unlocks');
ok(copy($path, "$path.copy") && -s "$path.copy" == -s $path, 'File::Copy');
ok(move("$path.copy", "$path.moved") && !-e "$path.copy", 'rename');
ok(symlink('file', "$dir/link") && readlink("$dir/link") eq 'file', 'symlink');
ok(chmod(0400, $path) && (stat $path)[2] == 0100400, 'chmod');
ok(utime(1, 2, $path) && (stat $path)[9] == 2, 'utime');
ok(truncate($path, 10) && -s $path == 10, 'truncate');
my $found = 0;
find(sub { $found++ if -f }, $dir);
is($found, 3, 'File::Find');
ok(!sysopen(my $none, "$dir/none", O_RDONLY) && $! == ENOENT, 'ENOENT');
chdir $dir or die $!;
is(getcwd(), $dir, 'chdir and getcwd');
is(sha256_hex('abc'), 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad', 'SHA');

# Threads, signals, time.
my $total : shared = 0;
my @threads = map { threads->create(sub { for (1 .. 500) { lock $total; $total++ } return 1 }) } 1 .. 4;
is(sum(map { $_->join } @threads), 4, 'threads return');
is($total, 2000, 'threads share');
my $rang = 0;
{
    local $SIG{ALRM} = sub { $rang++ };
    alarm 0.05;
    my $slept = sleep 5;
    ok($rang == 1 && $slept < 4, 'alarm interrupts sleep');
}
{
    local $SIG{USR1} = sub { $rang += 10 };
    kill USR1 => $$;
    is($rang, 11, 'kill');
}
my $before = time;
sleep 0.02;
ok(time - $before >= 0.02, 'sleep');

# Processes: exec'ing another program takes fork, which is refused as ENOSYS for now.
my $pid = fork;
ok(!defined $pid && $!{ENOSYS}, 'fork says ENOSYS');
is(waitpid(-1, WNOHANG), -1, 'nobody to wait for');

# Pipes and sockets.
pipe my $reader, my $writer or die $!;
$writer->autoflush(1);
print {$writer} "through the pipe\n";
is(scalar <$reader>, "through the pipe\n", 'pipe');
socketpair my $left, my $right, AF_UNIX, SOCK_STREAM, PF_UNSPEC or die $!;
is(syswrite($left, 'ping'), 4, 'socketpair write');
ok(IO::Select->new($right)->can_read(1), 'select');
is(sysread($right, my $got, 10), 4, 'socketpair read');
my $listener = IO::Socket::INET->new(Listen => 5, LocalAddr => '127.0.0.1', ReuseAddr => 1)
    or die "listen: $@";
my $port = $listener->sockport;
my $server = threads->create(sub {
    my $client = $listener->accept;
    while (my $line = <$client>) { print {$client} scalar reverse($line) }
    return 1;
});
my $client = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port, Timeout => 10)
    or die "connect: $@";
$client->autoflush(1);
my $answers = 0;
for my $n (1 .. 200) {
    my $line = "number $n\n";
    print {$client} $line;
    read $client, my $reply, length $line;
    $answers++ if $reply eq reverse $line;
}
is($answers, 200, 'TCP to itself');
$client->shutdown(1);
ok($server->join, 'the server saw the end');
chdir '/';
done_testing;
