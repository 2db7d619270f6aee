// SPDX-License-Identifier: MIT

// gosuite exercises the Go runtime and its library: goroutines on all threads, the garbage
// collector, files, timers, signals, child processes, and net/http talking to itself.  Each check
// prints its name; the first that does not hold ends the program with status 1.
package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"sort"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

func check(holds bool, format string, args ...any) {
	if !holds {
		fmt.Printf("FAILED: "+format+"\n", args...)
		os.Exit(1)
	}
}

func must(err error) {
	check(err == nil, "%v", err)
}

// goroutines passes numbers through a thousand goroutines and adds them up under contention.
func goroutines() {
	const count = 1000
	first := make(chan int)
	last := first
	for i := 0; i < count; i++ {
		next := make(chan int)
		go func(in, out chan int) {
			for n := range in {
				out <- n + 1
			}
			close(out)
		}(last, next)
		last = next
	}
	go func() {
		for i := 0; i < 20; i++ {
			first <- i
		}
		close(first)
	}()
	sum := 0
	for n := range last {
		sum += n
	}
	check(sum == 20*count+190, "sum is %d", sum)

	var total atomic.Int64
	var group sync.WaitGroup
	var mutex sync.Mutex
	shared := map[int]int{}
	for i := 0; i < 8; i++ {
		group.Add(1)
		go func(i int) {
			defer group.Done()
			for n := 0; n < 20000; n++ {
				total.Add(1)
				mutex.Lock()
				shared[n%16]++
				mutex.Unlock()
			}
		}(i)
	}
	group.Wait()
	check(total.Load() == 160000 && shared[3] == 10000, "%d, %d", total.Load(), shared[3])
}

// preemption needs signals: a loop without calls must not keep a second goroutine from running.
func preemption() {
	old := runtime.GOMAXPROCS(1)
	defer runtime.GOMAXPROCS(old)
	var stop atomic.Bool
	spun := make(chan uint64)
	go func() {
		var n uint64
		for !stop.Load() {
			n++
		}
		spun <- n
	}()
	time.Sleep(50 * time.Millisecond)
	stop.Store(true)
	check(<-spun > 0, "the loop did not run")
}

func collector() {
	var keep [][]byte
	for i := 0; i < 4000; i++ {
		block := bytes.Repeat([]byte{byte(i)}, 32<<10)
		if i%100 == 0 {
			keep = append(keep, block)
		}
	}
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	check(stats.NumGC > 0, "the collector never ran")
	for i, block := range keep {
		check(block[0] == byte(i*100) && block[len(block)-1] == byte(i*100), "block %d", i)
	}
}

func files() {
	directory, err := os.MkdirTemp("", "gosuite")
	must(err)
	defer os.RemoveAll(directory)
	content := make([]byte, 1<<20)
	rand.New(rand.NewSource(1)).Read(content)
	path := filepath.Join(directory, "a", "b", "file")
	must(os.MkdirAll(filepath.Dir(path), 0o755))
	must(os.WriteFile(path, content, 0o640))
	must(os.Symlink("file", filepath.Join(directory, "a", "b", "link")))
	read, err := os.ReadFile(filepath.Join(directory, "a", "b", "link"))
	must(err)
	check(sha256.Sum256(read) == sha256.Sum256(content), "content differs")
	info, err := os.Lstat(path)
	must(err)
	check(info.Mode() == 0o640 && info.Size() == 1<<20, "%v %d", info.Mode(), info.Size())

	file, err := os.OpenFile(path, os.O_RDWR, 0)
	must(err)
	_, err = file.WriteAt([]byte("overwritten"), 4<<20)
	must(err)
	hole := make([]byte, 16)
	_, err = file.ReadAt(hole, 2<<20)
	must(err)
	check(bytes.Equal(hole, make([]byte, 16)), "the hole is not zero")
	must(file.Truncate(100))
	must(file.Close())
	must(os.Rename(path, filepath.Join(directory, "renamed")))
	_, err = os.Stat(path)
	check(errors.Is(err, fs.ErrNotExist), "%v", err)
	var names []string
	must(filepath.WalkDir(directory, func(p string, d fs.DirEntry, err error) error {
		names = append(names, d.Name())
		return err
	}))
	sort.Strings(names[1:])
	check(fmt.Sprint(names[1:]) == "[a b link renamed]", "%v", names[1:])
}

func timers() {
	start := time.Now()
	fired := make(chan bool, 3)
	for _, ms := range []time.Duration{30, 10, 20} {
		after := ms * time.Millisecond
		time.AfterFunc(after, func() { fired <- time.Since(start) >= after })
	}
	check(<-fired && <-fired && <-fired, "a timer fired too early")
	stopped := time.AfterFunc(time.Hour, func() { fired <- false })
	check(stopped.Stop(), "a timer could not be stopped")
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	<-ctx.Done()
	check(ctx.Err() == context.DeadlineExceeded, "%v", ctx.Err())
}

func signals() {
	received := make(chan os.Signal, 1)
	signal.Notify(received, syscall.SIGUSR1)
	must(syscall.Kill(os.Getpid(), syscall.SIGUSR1))
	select {
	case number := <-received:
		check(number == syscall.SIGUSR1, "%v", number)
	case <-time.After(5 * time.Second):
		check(false, "no signal")
	}
	defer func() { check(recover() != nil, "no panic on a nil pointer") }()
	var nothing *struct{ value int }
	fmt.Println(nothing.value)
}

// children are another program: two at fixed addresses, as Go links them, cannot be in memory at
// once before image exchange.
func children() {
	command := exec.Command("/bin/child", "said")
	command.Stdin = bytes.NewReader([]byte("to the child"))
	command.Env = []string{"FROM=parent"}
	output, err := command.CombinedOutput()
	var exit *exec.ExitError
	check(errors.As(err, &exit) && exit.ExitCode() == 7, "%v", err)
	check(string(output) == "said parent to the child\n", "%q", output)
	_, err = exec.Command("/nonexistent").Output()
	check(errors.Is(err, fs.ErrNotExist), "%v", err)
}

// web serves HTTP on the loopback interface and asks itself, many clients at a time.
func web() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(err)
	mux := http.NewServeMux()
	mux.HandleFunc("/echo", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		_ = json.NewEncoder(w).Encode(map[string]any{"size": len(body), "sum": sha256.Sum256(body)})
	})
	mux.HandleFunc("/slow", func(w http.ResponseWriter, r *http.Request) {
		<-r.Context().Done()
	})
	server := &http.Server{Handler: mux}
	served := make(chan error)
	go func() { served <- server.Serve(listener) }()
	base := "http://" + listener.Addr().String()

	var group sync.WaitGroup
	for client := 0; client < 10; client++ {
		group.Add(1)
		go func(client int) {
			defer group.Done()
			for n := 0; n < 20; n++ {
				body := bytes.Repeat([]byte{byte(client)}, n*1000)
				reply, err := http.Post(base+"/echo", "application/octet-stream", bytes.NewReader(body))
				must(err)
				var got struct {
					Size int
					Sum  [32]byte
				}
				must(json.NewDecoder(reply.Body).Decode(&got))
				must(reply.Body.Close())
				check(got.Size == len(body) && got.Sum == sha256.Sum256(body), "echo of %d", n)
			}
		}(client)
	}
	group.Wait()

	_, err = (&http.Client{Timeout: 50 * time.Millisecond}).Get(base + "/slow")
	var timeout net.Error
	check(errors.As(err, &timeout) && timeout.Timeout(), "%v", err)
	// Shutdown gives connections that were opened but never used five seconds.
	http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	must(server.Shutdown(context.Background()))
	check(<-served == http.ErrServerClosed, "the server ended otherwise")
	_, err = net.DialTimeout("tcp", listener.Addr().String(), time.Second)
	check(errors.Is(err, syscall.ECONNREFUSED), "%v", err)
}

func main() {
	for _, one := range []struct {
		name string
		run  func()
	}{
		{"goroutines", goroutines}, {"preemption", preemption}, {"collector", collector},
		{"files", files}, {"timers", timers}, {"signals", signals}, {"children", children},
		{"web", web},
	} {
		one.run()
		fmt.Println(one.name)
	}
}
