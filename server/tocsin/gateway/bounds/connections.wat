;; Bounds the connections of one address, and ends connections that stay silent.
;;
;; Envoy runs this as a network filter (Proxy-Wasm ABI 0.2.1), one copy in each worker thread. Its
;; settings are numbers of 4 bytes, the lowest first: the most connections of an address, the
;; seconds until the first byte, the seconds that HTTP/1 may be idle, a seed of hashes. Networks
;; without a bound follow, each of 16 bytes (IPv4 is mapped into IPv6) and a number of bits.
;;
;; `connections.wasm` is made of this file by `make wasm`; a test holds that they agree.
(module
  (import "env" "proxy_set_tick_period_milliseconds" (func $set_tick_period (param i32) (result i32)))
  (import "env" "proxy_set_effective_context" (func $act_for (param i32) (result i32)))
  (import "env" "proxy_close_stream" (func $close_stream (param i32) (result i32)))
  (import "env" "proxy_get_buffer_bytes"
    (func $get_bytes (param $kind i32) (param $start i32) (param $length i32)
      (param $result i32) (param $result_size i32) (result i32)))
  (import "env" "proxy_get_property"
    (func $get_property (param $path i32) (param $path_size i32)
      (param $result i32) (param $result_size i32) (result i32)))
  ;; What all workers share. A write is refused if another came between it and the read.
  (import "env" "proxy_get_shared_data"
    (func $get_shared (param $key i32) (param $key_size i32)
      (param $result i32) (param $result_size i32) (param $version i32) (result i32)))
  (import "env" "proxy_set_shared_data"
    (func $set_shared (param $key i32) (param $key_size i32)
      (param $value i32) (param $value_size i32) (param $version i32) (result i32)))

  ;; 0: results of the host; 32: a key; 40: a value; 64: a path; 128: an address; 4096: bytes of
  ;; the host; 65536: the connections; 327680: the networks.
  (memory (export "memory") 6)
  (data (i32.const 64) "source\00address")
  (global $connections i32 (i32.const 65536))
  (global $networks i32 (i32.const 327680))
  (global $network_size i32 (i32.const 20))
  (global $address i32 (i32.const 128))
  (global $places i32 (i32.const 16384)) ;; more than a worker has connections
  (global $downstream_data i32 (i32.const 2))
  (global $settings i32 (i32.const 7))
  (global $downstream i32 (i32.const 2))

  (global $most (mut i32) (i32.const 0))
  (global $first_seconds (mut i32) (i32.const 0))
  (global $idle_seconds (mut i32) (i32.const 0))
  (global $seed (mut i32) (i32.const 0))
  (global $networks_end (mut i32) (i32.const 0))
  (global $now (mut i32) (i32.const 1)) ;; in seconds since the start
  (global $ticking (mut i32) (i32.const 0))

  ;; A connection: its context (0: the place is free), the second of its end (0: none), the key of
  ;; its address and 1 (0: it is not counted), and what it speaks (0: not known, 1: HTTP/1, 2: HTTP/2).

  (func $place (param $number i32) (result i32)
    (i32.add (global.get $connections)
      (i32.shl (i32.rem_u (local.get $number) (global.get $places)) (i32.const 4))))

  ;; Returns the place of a context, from where its number says on; for 0 a free one is meant.
  (func $find (param $from i32) (param $context i32) (result i32)
    (local $tried i32) (local $at i32)
    (loop $next
      (local.set $at (call $place (i32.add (local.get $from) (local.get $tried))))
      (if (i32.eq (i32.load (local.get $at)) (local.get $context))
        (then (return (local.get $at))))
      (local.set $tried (i32.add (local.get $tried) (i32.const 1)))
      (br_if $next (i32.lt_u (local.get $tried) (global.get $places))))
    (i32.const 0))

  (func $after (param $seconds i32) (result i32)
    (i32.add (i32.add (global.get $now) (local.get $seconds)) (i32.const 1)))

  (func $close (drop (call $close_stream (global.get $downstream))))

  ;; Reads `192.0.2.1:80` as an address that is mapped into IPv6.
  (func $read_ipv4 (param $at i32) (param $end i32)
    (local $byte i32) (local $value i32) (local $to i32)
    (memory.fill (global.get $address) (i32.const 0) (i32.const 16))
    (i32.store16 offset=10 (global.get $address) (i32.const 0xffff))
    (local.set $to (i32.add (global.get $address) (i32.const 12)))
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $at) (local.get $end)))
        (local.set $byte (i32.load8_u (local.get $at)))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (if (i32.eq (local.get $byte) (i32.const 46)) ;; .
          (then
            (i32.store8 (local.get $to) (local.get $value))
            (local.set $to (i32.add (local.get $to) (i32.const 1)))
            (local.set $value (i32.const 0)))
          (else
            (br_if $done (i32.gt_u (local.get $byte) (i32.const 57))) ;; : or ]
            (local.set $value (i32.add (i32.mul (local.get $value) (i32.const 10))
              (i32.sub (local.get $byte) (i32.const 48))))))
        (br $next)))
    (i32.store8 (local.get $to) (local.get $value)))

  ;; Reads `[2001:db8::1]:80`, from what follows the bracket.
  (func $read_ipv6 (param $at i32) (param $end i32)
    (local $byte i32) (local $value i32) (local $has_digits i32) (local $group i32)
    (local $size i32) (local $gap i32)
    (memory.fill (global.get $address) (i32.const 0) (i32.const 16))
    (local.set $gap (i32.const 16))
    (local.set $group (local.get $at))
    (loop $next
      (local.set $byte (i32.const 93)) ;; ]
      (if (i32.lt_u (local.get $at) (local.get $end))
        (then (local.set $byte (i32.load8_u (local.get $at)))))
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (if (i32.eq (local.get $byte) (i32.const 46)) ;; the end is written as IPv4
        (then
          (local.set $value (i32.const 0))
          (if (local.get $size)
            (then (local.set $value (i32.load16_u
              (i32.add (global.get $address) (i32.sub (local.get $size) (i32.const 2)))))))
          (call $read_ipv4 (local.get $group) (local.get $end))
          (i32.store16 offset=10 (global.get $address) (local.get $value)) ;; ffff, or it is not mapped
          (return)))
      (if (i32.or (i32.eq (local.get $byte) (i32.const 58)) ;; :
            (i32.or (i32.eq (local.get $byte) (i32.const 93)) (i32.eq (local.get $byte) (i32.const 37))))
        (then
          (if (i32.and (local.get $has_digits) (i32.lt_u (local.get $size) (i32.const 16)))
            (then
              (i32.store8 (i32.add (global.get $address) (local.get $size))
                (i32.shr_u (local.get $value) (i32.const 8)))
              (i32.store8 offset=1 (i32.add (global.get $address) (local.get $size))
                (local.get $value))
              (local.set $size (i32.add (local.get $size) (i32.const 2))))
            (else
              (if (i32.eq (local.get $byte) (i32.const 58)) ;; of ::
                (then (local.set $gap (local.get $size))))))
          (local.set $value (i32.const 0))
          (local.set $has_digits (i32.const 0))
          (local.set $group (local.get $at))
          (br_if $next (i32.eq (local.get $byte) (i32.const 58))))
        (else
          (local.set $has_digits (i32.const 1))
          (local.set $value (i32.add (i32.shl (local.get $value) (i32.const 4))
            (i32.add (i32.and (local.get $byte) (i32.const 15))
              (i32.mul (i32.shr_u (local.get $byte) (i32.const 6)) (i32.const 9)))))
          (br $next))))
    (if (i32.eq (local.get $gap) (i32.const 16)) (then (return)))
    ;; What follows the gap moves to the end.
    (local.set $value (i32.sub (local.get $size) (local.get $gap)))
    (memory.copy
      (i32.add (global.get $address) (i32.sub (i32.const 16) (local.get $value)))
      (i32.add (global.get $address) (local.get $gap))
      (local.get $value))
    (memory.fill (i32.add (global.get $address) (local.get $gap)) (i32.const 0)
      (i32.sub (i32.const 16) (local.get $size))))

  (func $read_address (param $at i32) (param $end i32)
    (if (i32.eq (i32.load8_u (local.get $at)) (i32.const 91)) ;; [
      (then (call $read_ipv6 (i32.add (local.get $at) (i32.const 1)) (local.get $end)))
      (else (call $read_ipv4 (local.get $at) (local.get $end)))))

  (func $is_ipv4 (result i32)
    (i32.and
      (i64.eqz (i64.load (global.get $address)))
      (i32.eq (i32.load offset=8 (global.get $address)) (i32.const 0xffff0000))))

  ;; Hashes (FNV-1a) the address; of IPv6 the first 64 bits, which are one customer's.
  (func $key (result i32)
    (local $hash i32) (local $at i32) (local $end i32)
    (local.set $hash (i32.xor (i32.const 0x811c9dc5) (global.get $seed)))
    (local.set $at (global.get $address))
    (local.set $end (i32.add (local.get $at)
      (select (i32.const 16) (i32.const 8) (call $is_ipv4))))
    (loop $next
      (local.set $hash (i32.mul (i32.xor (local.get $hash) (i32.load8_u (local.get $at)))
        (i32.const 0x01000193)))
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (br_if $next (i32.lt_u (local.get $at) (local.get $end))))
    ;; So many keys, and no more, are kept.
    (i32.xor (i32.and (local.get $hash) (i32.const 0xffff))
      (i32.shr_u (local.get $hash) (i32.const 16))))

  (func $is_within (param $network i32) (result i32)
    (local $byte i32) (local $bits i32) (local $mask i32)
    (local.set $bits (i32.load offset=16 (local.get $network)))
    (loop $next
      (if (i32.le_s (local.get $bits) (i32.const 0)) (then (return (i32.const 1))))
      (local.set $mask (select (i32.const 0xff)
        (i32.shr_u (i32.const 0xff00) (local.get $bits))
        (i32.ge_s (local.get $bits) (i32.const 8))))
      (if (i32.and (i32.const 0xff) (i32.and (local.get $mask)
            (i32.xor
              (i32.load8_u (i32.add (local.get $network) (local.get $byte)))
              (i32.load8_u (i32.add (global.get $address) (local.get $byte))))))
        (then (return (i32.const 0))))
      (local.set $bits (i32.sub (local.get $bits) (i32.const 8)))
      (local.set $byte (i32.add (local.get $byte) (i32.const 1)))
      (br $next))
    (unreachable))

  (func $is_exempt (result i32)
    (local $network i32)
    (local.set $network (global.get $networks))
    (block $none
      (loop $next
        (br_if $none (i32.ge_u (local.get $network) (global.get $networks_end)))
        (if (call $is_within (local.get $network)) (then (return (i32.const 1))))
        (local.set $network (i32.add (local.get $network) (global.get $network_size)))
        (br $next)))
    (i32.const 0))

  ;; Changes how many connections a key has; returns 0 if there would be too many.
  (func $count (param $key i32) (param $change i32) (result i32)
    (local $value i32) (local $status i32)
    (i32.store (i32.const 32) (local.get $key))
    (loop $again
      (local.set $value (i32.const 0))
      (i32.store (i32.const 8) (i32.const 0))
      (if (i32.eqz (call $get_shared (i32.const 32) (i32.const 4)
            (i32.const 0) (i32.const 4) (i32.const 8)))
        (then
          (if (i32.eq (i32.load (i32.const 4)) (i32.const 4))
            (then (local.set $value (i32.load (i32.load (i32.const 0))))))))
      (local.set $value (i32.add (local.get $value) (local.get $change)))
      (if (i32.gt_s (local.get $value) (global.get $most)) (then (return (i32.const 0))))
      (i32.store (i32.const 40) (local.get $value))
      (local.set $status (call $set_shared (i32.const 32) (i32.const 4)
        (i32.const 40) (i32.const 4) (i32.load (i32.const 8))))
      (br_if $again (i32.eq (local.get $status) (i32.const 8)))) ;; another worker was faster
    (i32.const 1))

  (func $is_alive (param $at i32)
    (if (i32.eq (i32.load offset=12 (local.get $at)) (i32.const 1)) ;; HTTP/1
      (then (i32.store offset=4 (local.get $at) (call $after (global.get $idle_seconds))))))

  (func $let_go (param $context i32)
    (local $at i32) (local $key i32)
    (local.set $at (call $find (local.get $context) (local.get $context)))
    (if (i32.eqz (local.get $at)) (then (return)))
    (local.set $key (i32.load offset=8 (local.get $at)))
    (i64.store (local.get $at) (i64.const 0))
    (i64.store offset=8 (local.get $at) (i64.const 0))
    (if (local.get $key)
      (then (drop (call $count (i32.sub (local.get $key) (i32.const 1)) (i32.const -1))))))

  (func (export "proxy_abi_version_0_2_1"))
  ;; What the host returns is read at once, so each result may have the place of the last one.
  (func (export "proxy_on_memory_allocate") (param $size i32) (result i32)
    (select (i32.const 4096) (i32.const 0) (i32.lt_u (local.get $size) (i32.const 61440))))
  (func (export "proxy_on_context_create") (param i32 i32))
  (func (export "proxy_on_vm_start") (param i32 i32) (result i32) (i32.const 1))
  (func (export "proxy_on_done") (param i32) (result i32) (i32.const 1))
  (func (export "proxy_on_delete") (param $context i32) (call $let_go (local.get $context)))

  (func (export "proxy_on_configure") (param $root i32) (param $size i32) (result i32)
    (local $at i32)
    (if (call $get_bytes (global.get $settings) (i32.const 0) (local.get $size)
          (i32.const 0) (i32.const 4))
      (then (return (i32.const 0))))
    (local.set $at (i32.load (i32.const 0)))
    (global.set $most (i32.load (local.get $at)))
    (global.set $first_seconds (i32.load offset=4 (local.get $at)))
    (global.set $idle_seconds (i32.load offset=8 (local.get $at)))
    (global.set $seed (i32.load offset=12 (local.get $at)))
    (local.set $size (i32.sub (local.get $size) (i32.const 16)))
    (memory.copy (global.get $networks) (i32.add (local.get $at) (i32.const 16)) (local.get $size))
    (global.set $networks_end (i32.add (global.get $networks) (local.get $size)))
    ;; Each listener may configure a root of its own; one of them has the clock.
    (if (global.get $ticking) (then (return (i32.const 1))))
    (global.set $ticking (i32.const 1))
    (i32.eqz (call $set_tick_period (i32.const 1000))))

  (func (export "proxy_on_new_connection") (param $context i32) (result i32)
    (local $at i32) (local $key i32)
    (local.set $at (call $find (local.get $context) (i32.const 0)))
    (if (i32.eqz (local.get $at)) (then (call $close) (return (i32.const 1))))
    (i32.store (local.get $at) (local.get $context))
    (i32.store offset=4 (local.get $at) (call $after (global.get $first_seconds)))
    (if (call $get_property (i32.const 64) (i32.const 14) (i32.const 0) (i32.const 4))
      (then (return (i32.const 0))))
    (call $read_address (i32.load (i32.const 0))
      (i32.add (i32.load (i32.const 0)) (i32.load (i32.const 4))))
    (if (call $is_exempt) (then (return (i32.const 0))))
    (local.set $key (call $key))
    (if (i32.eqz (call $count (local.get $key) (i32.const 1)))
      (then (call $close) (return (i32.const 1))))
    (i32.store offset=8 (local.get $at) (i32.add (local.get $key) (i32.const 1)))
    (i32.const 0))

  (func (export "proxy_on_downstream_data") (param $context i32) (param $size i32) (param $end i32)
    (result i32)
    (local $at i32) (local $speaks i32)
    (local.set $at (call $find (local.get $context) (local.get $context)))
    (if (i32.eqz (local.get $at)) (then (return (i32.const 0))))
    (local.set $speaks (i32.load offset=12 (local.get $at)))
    (if (i32.and (i32.eqz (local.get $speaks)) (i32.ge_u (local.get $size) (i32.const 3)))
      (then
        (local.set $speaks (i32.const 1))
        (if (i32.eqz (call $get_bytes (global.get $downstream_data) (i32.const 0) (i32.const 3)
              (i32.const 0) (i32.const 4)))
          (then
            (if (i32.eq (i32.and (i32.load (i32.load (i32.const 0))) (i32.const 0xffffff))
                  (i32.const 0x495250)) ;; PRI, as HTTP/2 begins
              (then (local.set $speaks (i32.const 2))))))
        (i32.store offset=12 (local.get $at) (local.get $speaks))
        (i32.store offset=4 (local.get $at) (i32.const 0))))
    (call $is_alive (local.get $at))
    (i32.const 0))

  ;; An answer may take longer than a connection may be idle, and come in parts.
  (func (export "proxy_on_upstream_data") (param $context i32) (param $size i32) (param $end i32)
    (result i32)
    (local $at i32)
    (local.set $at (call $find (local.get $context) (local.get $context)))
    (if (local.get $at) (then (call $is_alive (local.get $at))))
    (i32.const 0))

  (func (export "proxy_on_tick") (param $root i32)
    (local $number i32) (local $at i32) (local $end i32)
    (global.set $now (i32.add (global.get $now) (i32.const 1)))
    (loop $next
      (local.set $at (call $place (local.get $number)))
      (local.set $end (i32.load offset=4 (local.get $at)))
      (if (i32.and (i32.ne (local.get $end) (i32.const 0))
            (i32.le_u (local.get $end) (global.get $now)))
        (then
          (i32.store offset=4 (local.get $at) (i32.const 0))
          (if (i32.eqz (call $act_for (i32.load (local.get $at)))) (then (call $close)))))
      (local.set $number (i32.add (local.get $number) (i32.const 1)))
      (br_if $next (i32.lt_u (local.get $number) (global.get $places))))
    (drop (call $act_for (local.get $root)))))
