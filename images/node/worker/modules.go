package worker

import (
	"os/exec"

	"github.com/sirupsen/logrus"
)

// loadModules asks for what may be a module; a kernel that has it built in needs nothing.
func loadModules() {
	modprobe, err := exec.LookPath("modprobe")
	if err != nil {
		return
	}
	for _, m := range []string{"overlay", "br_netfilter", "nf_conntrack", "vxlan"} {
		if out, err := exec.Command(modprobe, "-q", m).CombinedOutput(); err != nil {
			logrus.Debugf("modprobe %s: %v %s", m, err, out)
		}
	}
}
