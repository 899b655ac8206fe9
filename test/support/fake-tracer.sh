#!/bin/sh
# A tracer for tests of the host: speaks the lines of docs/design/0006-tracers.md and does what the parameter `do` says.
# Parameters: `events` of record `seen` are printed at once, and each of `text` as it is given.
if [ "$1" = check ]; then
  printf '{"record":"check","kernel":"6.1.0","arch":"x86_64","features":{"btf":{"available":true,"why":""}},'
  printf '"tracers":{"fake":{"variant":"plain","proves":"nothing","refused":null,"fallbacks":[]}}}\n'
  exit 0
fi
shift 2
seconds=30 limit= do=wait events=3 text=
while [ $# -gt 1 ]; do
  case $1 in
  --for) seconds=$2 ;;
  --events) limit=$2 ;;
  --param) case $2 in
    do=*) do=${2#*=} ;;
    events=*) events=${2#*=} ;;
    text=*) text=${2#*=} ;;
    esac ;;
  esac
  shift 2
done
counts() { printf '"events":%s,"lost":0,"evicted":0,"thinned":0,"cost":null' "$events"; }
finish() {
  printf '{"record":"summary","time_us":9,"duration_ms":1,"ended":"%s",' "$1"; counts; printf ',"said":"all"}\n'
  exit 0
}
if [ "$do" = refuse ]; then
  echo '{"record":"error","code":"no-btf","message":"the kernel has no BTF","hint":"Use a kernel with CONFIG_DEBUG_INFO_BTF."}'
  exit 3
fi
case $do in
stubborn) trap '' INT ;;
*) trap 'finish signal' INT ;;
esac
trap 'finish signal' TERM
printf '{"record":"schema","protocol":1,"tracer":"fake","version":"1","arch":"x86_64","kernel":"6.1.0","variant":"plain",'
printf '"proves":"nothing","fallbacks":[{"wanted":"better","why":"it is a test"}],"params":{},"started_us":1,"records":{'
printf '"seen":{"kind":"event","fields":[{"name":"time_us","type":"time"},{"name":"n","type":"u64"},'
printf '{"name":"text","type":"text"},{"name":"cgroup","type":"cgroup"}]},'
printf '"sum":{"kind":"total","fields":[{"name":"who","type":"text","key":true},{"name":"n","type":"u64"}]}}}\n'
pod=/kubepods.slice/kubepods-pod0f0e0d0c_1111_2222_3333_444444444444.slice
n=0
while [ "$n" -lt "$events" ]; do
  n=$((n + 1))
  printf '{"record":"seen","time_us":%s,"n":%s,"text":"%s","cgroup":"%s"}\n' "$n" "$n" "$text" "$pod"
  printf '{"record":"sum","who":"all","n":%s}\n' "$n"
done
printf '{"record":"stats","time_us":5,'; counts; printf ',"sample_every":1}\n'
case $do in
garbage) printf 'not a line\n{"record":"other"}\n' ;;
die) echo 'out of memory' >&2; exit 1 ;;
end) finish time ;;
esac
[ -z "$limit" ] || finish events
i=0
while [ "$i" -lt "$seconds" ]; do i=$((i + 1)); sleep 1 & wait $!; done
finish time
