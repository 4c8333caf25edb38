# A multiboot kernel, as Xen is one: writes the words of its modules to the first serial port, each module's between
# < and >, and ends QEMU. Multiboot specification 0.6.96.
    .code32
    .globl _start
_start:
    jmp go
    .align 4
    .long 0x1badb002, 0x00000003, -(0x1badb002 + 3)
go: movl 20(%ebx), %ecx         # mods_count
    movl 24(%ebx), %esi         # mods_addr
    movw $0x3f8, %dx
1:  testl %ecx, %ecx
    jz 4f
    movl 8(%esi), %edi          # string
    movb $'<', %al
    outb %al, %dx
2:  movb (%edi), %al
    testb %al, %al
    jz 3f
    outb %al, %dx
    incl %edi
    jmp 2b
3:  movb $'>', %al
    outb %al, %dx
    addl $16, %esi
    decl %ecx
    jmp 1b
4:  movw $0xf4, %dx
    movb $3, %al
    outb %al, %dx
5:  hlt
    jmp 5b
