# SPDX-License-Identifier: MIT
# Completion of `holdfast` for bash: subcommands, and options as the program's own --help names them.
_holdfast() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
  if ((COMP_CWORD == 1)); then
    mapfile -t COMPREPLY < <(compgen -W 'run consume status put budget lane quarantine replay export backup check demo bench prove simulate version --help' -- "$current")
    return
  fi
  if [[ ${COMP_WORDS[1]} == bench ]] && ((COMP_CWORD == 2)); then
    mapfile -t COMPREPLY < <(compgen -W 'store relay --help' -- "$current")
    return
  fi
  if [[ ${COMP_WORDS[1]} == prove ]] && ((COMP_CWORD == 2)); then
    mapfile -t COMPREPLY < <(compgen -W 'crash kill relays growth --help' -- "$current")
    return
  fi
  if [[ ${COMP_WORDS[1]} == lane ]] && ((COMP_CWORD == 2)); then
    mapfile -t COMPREPLY < <(compgen -W 'list pause resume remove --help' -- "$current")
    return
  fi
  if [[ ${COMP_WORDS[1]} == quarantine ]] && ((COMP_CWORD == 2)); then
    mapfile -t COMPREPLY < <(compgen -W 'list requeue discard --help' -- "$current")
    return
  fi
  case $previous in
    --store | --inbox | --status-file | --password-file | --secret-file | --ca | --cert | --key | --html | --dir)
      # put --key takes an event's key and no file; offering files there harms nobody.
      mapfile -t COMPREPLY < <(compgen -f -- "$current")
      return
      ;;
    --profile)
      mapfile -t COMPREPLY < <(compgen -W 'generic mosquitto emqx hivemq aws-iot azure-eventgrid' -- "$current")
      return
      ;;
    --media)
      mapfile -t COMPREPLY < <(compgen -W 'honest lying rollback bitrot collateral' -- "$current")
      return
      ;;
    --scenario)
      mapfile -t COMPREPLY < <(compgen -W 'outage swarm' -- "$current")
      return
      ;;
    --mqtt)
      mapfile -t COMPREPLY < <(compgen -W '5 3.1.1' -- "$current")
      return
      ;;
  esac
  if [[ $current != -* ]]; then
    # backup takes the copy's name; elsewhere nothing that stands alone can be guessed.
    [[ ${COMP_WORDS[1]} != backup ]] || mapfile -t COMPREPLY < <(compgen -f -- "$current")
    return
  fi
  local options words=("${COMP_WORDS[1]}")
  [[ ! ${words[0]} =~ ^(bench|lane|prove|quarantine)$ ]] || words+=("${COMP_WORDS[2]}")
  options=$("${COMP_WORDS[0]}" "${words[@]}" --help 2>/dev/null | grep -oE '(^|[ ,])--?[a-z][a-z-]*' | tr -d ' ,')
  mapfile -t COMPREPLY < <(compgen -W "$options" -- "$current")
}
complete -o filenames -F _holdfast holdfast
