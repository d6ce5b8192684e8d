package policy

import (
	"fmt"
	"strings"

	v1 "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

func hasNamedPort(ports []networking.NetworkPolicyPort) bool {
	for _, p := range ports {
		if p.Port != nil && p.Port.Type == intstr.String {
			return true
		}
	}
	return false
}

// portMatches adds each port to a match; no ports means all. A named port that the pod does not have allows nothing.
func portMatches(match string, ports []networking.NetworkPolicyPort, named *Pod) []string {
	if len(ports) == 0 {
		return []string{match}
	}
	var lines []string
	for _, p := range ports {
		protocol := v1.ProtocolTCP
		if p.Protocol != nil {
			protocol = *p.Protocol
		}
		lower := strings.ToLower(string(protocol))
		switch {
		case p.Port == nil:
			lines = append(lines, fmt.Sprintf("%s meta l4proto %s", match, lower))
		case p.Port.Type == intstr.Int && p.EndPort != nil:
			lines = append(lines, fmt.Sprintf("%s %s dport %d-%d", match, lower, p.Port.IntVal, *p.EndPort))
		case p.Port.Type == intstr.Int:
			lines = append(lines, fmt.Sprintf("%s %s dport %d", match, lower, p.Port.IntVal))
		default:
			if number, ok := namedPort(named, p.Port.StrVal, protocol); ok {
				lines = append(lines, fmt.Sprintf("%s %s dport %d", match, lower, number))
			}
		}
	}
	return lines
}

func namedPort(pod *Pod, name string, protocol v1.Protocol) (int32, bool) {
	if pod == nil {
		return 0, false
	}
	for _, p := range pod.Ports {
		own := p.Protocol
		if own == "" {
			own = v1.ProtocolTCP
		}
		if p.Name == name && own == protocol {
			return p.ContainerPort, true
		}
	}
	return 0, false
}
