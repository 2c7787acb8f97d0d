# What the guests' scripts have in common. Marks go to the console with the time
# since power-on, and as an edge of pin 5, so that the witness's log has them too.
log=/tmp/daemon.log
mkdir -p /run/sunkeep /tmp/mark
marks=0

uptime_s() { read -r now idle </proc/uptime; echo "$now"; }

mark() {
    marks=$((marks + 1))
    level=low; [ $((marks % 2)) = 0 ] || level=high
    printf '5 %s auto mark\n1 pins\n' $level >/tmp/mark/pins
    echo "mark $1"
    sunkeep safe-outputs --pins /tmp/mark/pins >/dev/null
}

# say "WHAT": a line that check.py reads as a figure.
say() { echo "figure $*"; }

# wait_for SECONDS PATTERN...: until the log has a new line with all of it, in order.
seen=0
wait_for() {
    patience=$1; shift
    pattern=$(echo "$*" | sed 's/ /.*/g')
    tries=$((patience * 10))
    while [ $tries -gt 0 ]; do
        found=$(tail -n +$((seen + 1)) $log | grep -n -m 1 -e "$pattern" | cut -d: -f1)
        [ -z "$found" ] || return 0
        usleep 100000; tries=$((tries - 1))
    done
    echo "waited $patience s in vain for: $*"; tail -n 40 $log; exit 1
}

# What came before does not count any more.
forget() { seen=$(wc -l <$log); }

# started COMMAND: the daemon, by the words of the unit.
started() {
    : >$log; seen=0
    before=$(uptime_s)
    sh -c "exec $1" >$log 2>&1 &
    daemon=$!
    wait_for 60 'kind="mode"' started
    say "start_to_first_step_s $(echo "$(uptime_s) $before" | awk '{ printf "%.2f", $1 - $2 }')"
}

# timed NAME COMMAND: how long a command takes, in ms.
timed() {
    name=$1; shift
    before=$(cut -d' ' -f1 /proc/uptime)
    "$@" || { echo "failed: $*"; exit 1; }
    after=$(cut -d' ' -f1 /proc/uptime)
    say "${name}_ms $(echo "$after $before" | awk '{ printf "%.0f", ($1 - $2) * 1000 }')"
}
