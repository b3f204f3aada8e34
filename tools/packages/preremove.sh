#!/bin/sh
# dpkg says remove, rpm 0 where no other version stays.
case ${1:-} in
remove | 0) [ ! -d /run/systemd/system ] || systemctl --quiet disable --now kaanalyze.service || : ;;
esac
