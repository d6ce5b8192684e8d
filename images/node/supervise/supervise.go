// Package supervise runs child processes that live and die with this one.
package supervise

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"syscall"
	"time"

	"github.com/sirupsen/logrus"
)

// Child is one process to run.
type Child struct {
	Name string
	// Path of the program; empty means this executable.
	Path string
	// Argv includes argv[0].
	Argv []string
	Env  []string
	// Log takes standard output and error; nil means this process's standard error.
	Log io.Writer
	// Late children are stopped after all others have ended: those write to them until their end.
	Late bool
	// Grace is how long the child may take to end after SIGTERM before SIGKILL.
	Grace time.Duration
}

// Group starts children and reports the first that ends unasked.
type Group struct {
	requests chan request
	failed   chan error
	mu       sync.Mutex
	running  []*process
	stopping bool
}

type request struct {
	command *exec.Cmd
	done    chan error
}

type process struct {
	child   Child
	command *exec.Cmd
	ended   chan struct{}
}

// NewGroup makes a group. Children are started by one locked thread: the kernel kills them when that thread, that is this process, ends.
func NewGroup() *Group {
	g := &Group{requests: make(chan request), failed: make(chan error, 1)}
	go func() {
		runtime.LockOSThread()
		for r := range g.requests {
			r.done <- r.command.Start()
		}
	}()
	return g
}

// Failed gives the first unasked end of a child.
func (g *Group) Failed() <-chan error { return g.failed }

// Start starts a child.
func (g *Group) Start(c Child) error {
	if c.Path == "" {
		c.Path = "/proc/self/exe"
	}
	command := &exec.Cmd{Path: c.Path, Args: c.Argv, Env: append(os.Environ(), c.Env...), Stdout: os.Stderr, Stderr: os.Stderr}
	if c.Log != nil {
		command.Stdout, command.Stderr = c.Log, c.Log
	}
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.stopping {
		return errors.New("stopping")
	}
	r := request{command, make(chan error)}
	g.requests <- r
	if err := <-r.done; err != nil {
		return fmt.Errorf("start %s: %w", c.Name, err)
	}
	p := &process{c, command, make(chan struct{})}
	g.running = append(g.running, p)
	logrus.Infof("Running %s (pid %d)", c.Name, command.Process.Pid)
	go g.watch(p)
	return nil
}

func (g *Group) watch(p *process) {
	err := p.command.Wait()
	close(p.ended)
	g.mu.Lock()
	stopping := g.stopping
	g.mu.Unlock()
	if stopping {
		return
	}
	if err == nil {
		err = errors.New("exit status 0")
	}
	select {
	case g.failed <- fmt.Errorf("%s exited: %w", p.child.Name, err):
	default:
	}
}

// Stop ends all children, each within its grace: first all but the late ones, then those.
func (g *Group) Stop() {
	g.mu.Lock()
	g.stopping = true
	running := g.running
	g.mu.Unlock()
	for _, late := range []bool{false, true} {
		var wave sync.WaitGroup
		for _, p := range running {
			if p.child.Late == late {
				wave.Go(p.stop)
			}
		}
		wave.Wait()
	}
}

func (p *process) stop() {
	select {
	case <-p.ended:
		return
	default:
	}
	if err := p.command.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		logrus.Warnf("Failed to stop %s: %v", p.child.Name, err)
	}
	select {
	case <-p.ended:
	case <-time.After(p.child.Grace):
		if err := p.command.Process.Kill(); err == nil {
			<-p.ended
		}
	}
	logrus.Infof("Stopped %s", p.child.Name)
}
