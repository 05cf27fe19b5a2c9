# Cron expressions, read: whether each of their fields is one, and for how long nothing sweeps.

locals {
  cron_values = [
    "(?:[0-5]?[0-9])",
    "(?:[01]?[0-9]|2[0-3])",
    "(?:0?[1-9]|[12][0-9]|3[01])",
    "(?:0?[1-9]|1[0-2]|(?i:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec))",
    "(?:[0-7]|(?i:sun|mon|tue|wed|thu|fri|sat))",
  ]

  malformed_crons = [
    for name, each in local.planned : "${name}_cron" if !alltrue(flatten([
      for at, field in split(" ", each.cron) : [
        for part in split(",", field) : can(regex("^(?:[*]|${local.cron_values[at]}(?:-${local.cron_values[at]})?)(?:/[1-9][0-9]?)?$", part))
      ]
    ]))
  ]

  # Of the sweeps' expression each field as the numbers that it stands for: what it says of weekdays and months matters
  # only so far as it is not all of them.
  sweep_fields = [
    for at, field in split(" ", try(local.planned["sweep"].cron, "* * * * *")) : distinct(flatten([
      for part in split(",", field) : try(range(
        startswith(part, "*") ? [0, 0, 1, 1, 0][at] : tonumber(regex("^[0-9]+", part)),
        1 + tonumber(startswith(part, "*") || can(regex("^[0-9]+/", part)) ? [59, 23, 31, 12, 6][at] : regex("^(?:[0-9]+-)?([0-9]+)", part)[0]),
        try(tonumber(regex("/([0-9]+)$", part)[0]), 1),
      ), [])
    ]))
  ]
  sweeps_daily = alltrue([for at, all in { 2 = 31, 3 = 12, 4 = 7 } : length(distinct([for each in local.sweep_fields[at] : at == "4" ? each % 7 : each])) == all])

  # The longest time from one sweep to the next is one within an hour, or from the last one of an hour to the first of
  # the next hour that has any. Where not each day has, a week stands for however many there are.
  sweep_hours   = [for each in range(24) : each if contains(local.sweep_fields[1], each)]
  sweep_minutes = [for each in range(60) : each if contains(local.sweep_fields[0], each)]
  hour_gaps     = [for at, each in local.sweep_hours : try(local.sweep_hours[at + 1], local.sweep_hours[0] + 24) - each]
  minute_gaps   = [for at, each in local.sweep_minutes : try(local.sweep_minutes[at + 1] - each, 0)]
  sweep_pause   = local.sweeps_daily ? max(0, max(0, local.hour_gaps...) * 60 - max(0, local.sweep_minutes...) + min(59, local.sweep_minutes...), local.minute_gaps...) : 7 * 24 * 60
}
