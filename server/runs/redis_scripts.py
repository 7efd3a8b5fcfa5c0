"""What Redis does in one step: Lua scripts, and the keys that they work on.

All keys begin with one hash tag, which is also the one key that a script is given: `{moim}`. So in a cluster all of
them lie in one slot, and another prefix is another shard.

    {moim}:run:<id>       hash: what is known of a run; it outlives the others, to tell a run that was from none
          :input:<id>     the run's input, `null` once it has ended; gone when the run's time is over
          :log:<id>       stream: an entry `<seq>-0` for each event, with its name and its JSON
          :base:<id>      what the events in front of the log add up to
          :key:<key>      the id of the run that has this key
          :leases         stream: an entry for each run that goes on, pending since it was last renewed
          :claims         hash: since when, and when last, somebody has looked for leases that are over
          :readers:<id>   somebody reads the run
          :at:<id>        the worker in which a run goes on that is not kept
          :worker:<name>  the worker lives
          :inbox:<name>   stream: messages to the worker
          :wake:<name>:…  stream: see `redis_tail`

Whose a run is stands in its hash, where each script checks it. The leases' group (`owners`) has one consumer
(`all`): one for each worker would be one more thing that dead workers leave behind.
"""

from server.runs.redis_pipe import Script

_COMMON = """
local function key(kind, id) return KEYS[1] .. ':' .. kind .. ':' .. id end
local leases = KEYS[1] .. ':leases'

-- Whether the time of a run is not over.
local function lives(id) return redis.call('EXISTS', key('input', id)) == 1 end

-- What is known of a run, or why nothing is.
local function known(id)
  local fields = redis.call('HMGET', key('run', id),
    'chain', 'began', 'owner', 'claims', 'handed', 'cancelled', 'end', 'print', 'user')
  if not fields[1] then return 'unknown' end
  local input = redis.call('GET', key('input', id))
  if not input then return {'expired', fields[9]} end
  return {id, input, unpack(fields)}
end

-- The leases, made again if they are not there: an empty Redis has none.
local function tended()
  if redis.call('EXISTS', leases) == 0 then
    redis.call('XGROUP', 'CREATE', leases, 'owners', '0', 'MKSTREAM')
  end
end

local function let_out(id)
  local lease = redis.call('XADD', leases, '*', 'run', id)
  redis.call('XCLAIM', leases, 'owners', 'all', 0, lease, 'FORCE', 'JUSTID')
  redis.call('HSET', key('run', id), 'lease', lease)
end

-- Milliseconds since when somebody has claimed again and again, with no pause longer than this.
local function claimed_without_break(longest_ms)
  local time = redis.call('TIME')
  local now = time[1] * 1000 + math.floor(time[2] / 1000)
  local since, last = unpack(redis.call('HMGET', KEYS[1] .. ':claims', 'since', 'last'))
  if not last or now - last > longest_ms then since = now end
  redis.call('HSET', KEYS[1] .. ':claims', 'since', since, 'last', now)
  return now - since
end

local function is_over(lease)
  redis.call('XACK', leases, 'owners', lease)
  redis.call('XDEL', leases, lease)
end
"""


def _script(text: str) -> Script:
    return Script(_COMMON + text)


CREATE = _script("""
local worker, id, idem, lives_ms, remembered_ms = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5])
if idem ~= '' then
  local other = redis.call('GET', key('key', idem))
  if other then return other end
end
if lives(id) then return id end
redis.call('DEL', key('run', id), key('log', id), key('base', id))
redis.call('HSET', key('run', id), 'owner', worker, 'chain', ARGV[6], 'began', ARGV[7], 'print', ARGV[8],
  'user', ARGV[9], 'key', idem, 'claims', 0, 'handed', 0, 'cancelled', '', 'end', '', 'last', 0, 'base', 0)
redis.call('PEXPIRE', key('run', id), lives_ms + remembered_ms)
redis.call('SET', key('input', id), ARGV[10], 'PX', lives_ms)
if idem ~= '' then redis.call('SET', key('key', idem), id, 'PX', lives_ms) end
tended()
let_out(id)
return id
""")

DROP = _script("""
local worker, id = ARGV[1], ARGV[2]
local run = redis.call('HMGET', key('run', id), 'owner', 'last', 'lease', 'key')
if run[1] ~= worker or run[2] ~= '0' or not lives(id) then return end
is_over(run[3])
if redis.call('GET', key('key', run[4])) == id then redis.call('DEL', key('key', run[4])) end
redis.call('DEL', key('run', id), key('input', id))
""")

KNOWN = _script("return known(ARGV[1])")

APPEND = _script("""
local worker, id, first, ending = ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4]
local base, base_text, ttl_ms, remembered_ms = tonumber(ARGV[5]), ARGV[6], tonumber(ARGV[7]), tonumber(ARGV[8])
local before = 8  -- arguments in front of the entries
local run, log = key('run', id), key('log', id)
local fields = redis.call('HMGET', run, 'owner', 'end', 'last', 'base', 'lease', 'key')
local time_ms = redis.call('PTTL', key('input', id))
if not fields[1] or time_ms < 0 then return 'lost' end
if fields[1] ~= worker then return 'fenced' end

local had, had_base = tonumber(fields[3]), tonumber(fields[4])
local last = first + (#ARGV - before) / 2 - 1
local reach = math.max(had, base)
if last > had then
  if fields[2] ~= '' then return 'fenced' end
  if first > reach + 1 then return 'lost' end
  for seq = math.max(first, reach + 1), last do
    local at = before + (seq - first) * 2
    redis.call('XADD', log, string.format('%d-0', seq), ARGV[at + 1], ARGV[at + 2])
  end
  if redis.call('PTTL', log) == -1 then redis.call('PEXPIRE', log, time_ms) end
end
redis.call('HSET', run, 'last', math.max(reach, last))

if base > had_base then
  redis.call('SET', key('base', id), base_text, 'PX', time_ms)
  redis.call('HSET', run, 'base', base)
  redis.call('XTRIM', log, 'MINID', '=', string.format('%d-0', base + 1))
end
if ending ~= '' and last > had then
  redis.call('HSET', run, 'end', ending)
  redis.call('PEXPIRE', run, ttl_ms + remembered_ms)
  redis.call('SET', key('input', id), 'null', 'PX', ttl_ms)
  for _, other in ipairs({log, key('base', id), key('key', fields[6])}) do redis.call('PEXPIRE', other, ttl_ms) end
  is_over(fields[5])
end
return 'done'
""")

CANCEL = _script("""
local id, reason = ARGV[1], ARGV[2]
local run = redis.call('HMGET', key('run', id), 'end', 'cancelled')
if run[1] == '' and run[2] == '' and lives(id) then redis.call('HSET', key('run', id), 'cancelled', reason) end
return known(id)
""")

# Returns those that are somebody else's.
RENEW = _script("""
local worker, silence_ms, others = ARGV[1], ARGV[2], {}
redis.call('SET', key('worker', worker), '', 'PX', silence_ms)
redis.call('PEXPIRE', key('inbox', worker), silence_ms)
tended()
for i = 3, #ARGV do
  local id = ARGV[i]
  local run = redis.call('HMGET', key('run', id), 'owner', 'end', 'lease')
  if run[1] and run[1] ~= worker then
    others[#others + 1] = id
  elseif run[1] and run[2] == '' and lives(id) then
    if #redis.call('XCLAIM', leases, 'owners', 'all', 0, run[3], 'JUSTID') == 0 then
      let_out(id)
    end
  end
end
return others
""")

# Looks before it takes, unlike XAUTOCLAIM: a lease may be its own, or of a run that is over.
CLAIM = _script("""
local worker, idle_ms, at_most, steady_ms = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local claimed, from = {}, '-'
tended()
if steady_ms > 0 and claimed_without_break(steady_ms / 2) < steady_ms then
  idle_ms = 86400000 -- as only those are that were given away
end
while #claimed < at_most do
  local idle = redis.call('XPENDING', leases, 'owners', 'IDLE', idle_ms, from, '+', at_most - #claimed)
  if #idle == 0 then break end
  for _, pending in ipairs(idle) do
    local lease = pending[1]
    local entry = redis.call('XRANGE', leases, lease, lease)[1]
    local id = entry and entry[2][2] or ''
    local run = redis.call('HMGET', key('run', id), 'owner', 'end', 'lease')
    if not run[1] or run[2] ~= '' or run[3] ~= lease or not lives(id) then
      is_over(lease)
    else
      redis.call('XCLAIM', leases, 'owners', 'all', 0, lease, 'JUSTID')
      if run[1] ~= worker then
        redis.call('HSET', key('run', id), 'owner', worker, 'handed', run[1] == '' and 1 or 0)
        redis.call('HINCRBY', key('run', id), 'claims', run[1] == '' and 0 or 1)
      end
      claimed[#claimed + 1] = known(id)
    end
    from = '(' .. lease
  end
end
return claimed
""")

# The lease is from the beginning of all time now, so that it is idle enough for everybody.
RELEASE = _script("""
local worker, id = ARGV[1], ARGV[2]
local run = redis.call('HMGET', key('run', id), 'owner', 'end', 'lease')
if run[1] ~= worker or run[2] ~= '' then return end
redis.call('HSET', key('run', id), 'owner', '')
redis.call('XCLAIM', leases, 'owners', 'all', 0, run[3], 'TIME', 0, 'JUSTID')
""")

# Longer notes are left as they are.
NOTE_READERS = _script("""
local for_ms = tonumber(ARGV[1])
for i = 2, #ARGV do
  local readers = key('readers', ARGV[i])
  if redis.call('PTTL', readers) < for_ms then redis.call('SET', readers, '', 'PX', for_ms) end
end
""")

# A stream that begins again, because its worker was silent for long, must not count from the beginning again.
SEND = _script("""
local to, message, at_most = ARGV[1], ARGV[2], ARGV[3]
local silence_ms, inbox = redis.call('PTTL', key('worker', to)), key('inbox', to)
if silence_ms < 0 then return 'unknown' end
local last = redis.call('XREVRANGE', inbox, '+', '-', 'COUNT', 1)[1]
local now = redis.call('TIME')
local seq = now[1] * 1e6 + now[2]
if last then seq = math.max(seq, tonumber(string.match(last[1], '%d+')) + 1) end
redis.call('XADD', inbox, 'MAXLEN', '~', at_most, string.format('%.0f-0', seq), 'message', message)
redis.call('PEXPIRE', inbox, silence_ms)
return 'sent'
""")

WORKER_OF = _script("""
local worker = redis.call('GET', key('at', ARGV[1]))
return worker and {worker} or known(ARGV[1])
""")
