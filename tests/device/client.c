// SPDX-License-Identifier: MIT
/*
 * Room: COLD and WARM.  Whose memory an open file stands for.
 * May: read /proc, call kcmp.  Must not: keep a client from dying.
 */
#include "client.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kcmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static struct tb_client *clients;

pid_t tb_thread_group(pid_t tid)
{
	char path[48], line[128];
	int tgid = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)tid);
	file = fopen(path, "re");
	if (!file)
		return 0;
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "Tgid: %d", &tgid) == 1)
			break;
	fclose(file);
	return tgid;
}

static void read_comm(pid_t pid, char comm[16])
{
	char path[48];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
	file = fopen(path, "re");
	if (!file || !fgets(comm, 16, file))
		comm[0] = '\0';
	comm[strcspn(comm, "\n")] = '\0';
	if (file)
		fclose(file);
}

static int announce(const struct tb_client *client)
{
	struct tb_open *opens = tb_world.shm->opens;

	for (int i = 0; i < TB_MAX_OPENS; i++) {
		if (atomic_load(&opens[i].pid))
			continue;
		atomic_store(&opens[i].queue, client->wq->queue);
		atomic_store(&opens[i].era, client->era);
		atomic_store(&opens[i].pid, (uint32_t)client->pid);
		return i;
	}
	return -1;
}

struct tb_client *tb_client_next(struct tb_client *c, pid_t pid)
{
	for (c = c ? c->next : clients; c; c = c->next)
		if (c->pid == pid)
			return c;
	return NULL;
}

struct tb_client *tb_client_of_file(int file)
{
	for (struct tb_client *c = clients; c; c = c->next)
		if (c->file == file && !c->is_released)
			return c;
	return NULL;
}

struct tb_client *tb_client_open(struct tb_wq *wq, pid_t tid, int *error)
{
	struct tb_client *client;
	char path[48];

	*error = -EBUSY;
	if (wq->is_dedicated && wq->clients > 0)
		return NULL;
	*error = -ENOMEM;
	client = calloc(1, sizeof(*client));
	if (!client)
		return NULL;
	client->pid = tb_thread_group(tid);
	snprintf(path, sizeof(path), "/proc/%d/pagemap", (int)client->pid);
	client->pagemap = open(path, O_RDONLY | O_CLOEXEC);
	if (client->pagemap < 0) {
		*error = -errno;
		free(client);
		return NULL;
	}
	read_comm(client->pid, client->comm);
	client->wq = wq;
	client->refs = 1;
	client->era = atomic_load(&tb_world.shm->queues[wq->queue].era);
	while (tb_client_of_file(client->file))
		client->file++;
	client->open_index = announce(client);
	client->next = clients;
	clients = client;
	wq->clients++;
	return client;
}

void tb_client_get(struct tb_client *client)
{
	client->refs++;
}

void tb_client_put(struct tb_client *client)
{
	struct tb_client **link = &clients;

	if (--client->refs)
		return;
	while (*link != client)
		link = &(*link)->next;
	*link = client->next;
	close(client->pagemap);
	free(client);
}

void tb_client_release(struct tb_client *client)
{
	if (client->open_index >= 0)
		atomic_store(&tb_world.shm->opens[client->open_index].pid, 0);
	if (client->wq->clients > 0)
		client->wq->clients--;
	client->is_released = true;
	tb_client_put(client);
}

struct tb_client *tb_client_find(const struct tb_wq *wq, pid_t pid)
{
	struct tb_client *released = NULL;

	for (struct tb_client *c = clients; c; c = c->next) {
		if ((wq && c->wq != wq) || c->pid != pid)
			continue;
		if (!c->is_released)
			return c;
		released = c;
	}
	return released;
}

bool tb_client_is_alive(const struct tb_client *client)
{
	uint64_t entry;

	/* Reading an address space that is gone gives end of file. */
	return pread(client->pagemap, &entry, sizeof(entry), 0) ==
	       (ssize_t)sizeof(entry);
}

bool tb_client_is_cut_off(const struct tb_client *client)
{
	return client->era !=
	       atomic_load(&tb_world.shm->queues[client->wq->queue].era);
}

bool tb_client_is_same_mm(const struct tb_client *client, pid_t tid)
{
	if (!tb_client_is_alive(client))
		return false;
	if (tid == client->pid || tb_thread_group(tid) == client->pid)
		return true;
	/* A vfork child: another process, the same address space. */
	return syscall(SYS_kcmp, tid, client->pid, KCMP_VM, 0, 0) == 0;
}
